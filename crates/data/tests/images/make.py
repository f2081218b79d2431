"""Makes the images beside it, which the tests of bmae-data read: python make.py . (needs numpy, Pillow and tifffile)"""
import io, os, sys, struct
import numpy as np, tifffile
from PIL import Image
out=sys.argv[1]
y,x=np.mgrid[0:41,0:57]
rgb=np.stack([x*4,y*5,(x*3+y*2)],-1).clip(0,255).astype(np.uint8)
rgb[10:20,15:30]=(250,20,120)
pic=Image.fromarray(rgb)
def save(name,**k):
    pic.save(os.path.join(out,name),**k)
save("baseline.jpg",quality=80)
save("progressive.jpg",quality=80,progressive=True)
save("restarts.jpg",quality=80,subsampling=0,restart_marker_blocks=3)
pic.convert("L").save(os.path.join(out,"grey.jpg"),quality=80)
save("lossy.webp",quality=60)
save("lossless.webp",lossless=True)
a=np.arange(3*20*36,dtype=np.uint8).reshape(3,20,36)
tifffile.imwrite(os.path.join(out,"tiled_planar.tif"),a,photometric="rgb",planarconfig="separate",tile=(16,16))
