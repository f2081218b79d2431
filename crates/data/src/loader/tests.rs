use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use bmae_architecture::ImageSize;

use super::*;
use crate::transforms::Augmentation;
use crate::{Image, PerChannel};

/// Noisy 8x8 images; some of them are broken, or make the worker panic.
#[derive(Default)]
struct Noise {
    count: usize,
    labelled: bool,
    broken: Option<usize>,
    panics: Option<usize>,
    made: AtomicUsize,
}

impl Images for Noise {
    fn len(&self) -> usize {
        self.count
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        use rand::RngExt;
        self.made.fetch_add(1, Ordering::SeqCst);
        assert_ne!(self.panics, Some(index), "image {index} is cursed");
        if self.broken == Some(index) {
            return Image::new(8, 8, vec![0]);
        }
        let mut generator = crate::random::keyed(0, 0, index as u64, crate::random::Purpose::Mask);
        Image::new(8, 8, (0..192).map(|_| generator.random()).collect())
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.labelled.then_some(index % 7)
    }
}

fn noise(count: usize) -> Arc<Noise> {
    Arc::new(Noise { count, labelled: true, ..Noise::default() })
}

const TRANSFORM: Transform = Transform {
    augmentation: Augmentation::RandomResizedCrop { scale: (0.2, 1.0) },
    randaugment: None,
    image_size: ImageSize::square(8),
    mean: PerChannel::rgb([0.5; 3]),
    std: PerChannel::rgb([0.25; 3]),
    random_erasing: 0.0,
};

const CONFIG: LoaderConfig = LoaderConfig {
    batch_size: 4,
    order: Order::Shuffled,
    last_batch: LastBatch::Drop,
    seed: 1,
    epoch: 2,
    first: 0,
    limit: None,
    share: Share::Whole,
    workers: 2,
};

fn batches(images: Arc<Noise>, config: LoaderConfig) -> Vec<Batch> {
    load(images, TRANSFORM, config).expect("a loader").map(|batch| batch.expect("a batch")).collect()
}

fn indices(batches: &[Batch]) -> Vec<usize> {
    batches.iter().flat_map(|batch| batch.indices.iter().copied()).collect()
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    let one = batches(noise(50), LoaderConfig { workers: 1, ..CONFIG });
    assert_eq!(one.len(), 12);
    for workers in [2, 3, 4, 20] {
        assert_eq!(batches(noise(50), LoaderConfig { workers, ..CONFIG }), one, "{workers} workers");
    }
}

#[test]
fn an_epoch_that_begins_later_has_the_same_batches_from_there_on() {
    let whole = batches(noise(50), CONFIG);
    for workers in [1, 2, 3, 9] {
        for first in 0..=whole.len() + 1 {
            let left = batches(noise(50), LoaderConfig { first, workers, ..CONFIG });
            assert_eq!(left, whole[first.min(whole.len())..], "{workers} workers, from batch {first} on");
        }
    }
}

#[test]
fn a_batch_holds_what_the_transform_makes_of_its_images() {
    let images = noise(9);
    let config = LoaderConfig { order: Order::Sequential, last_batch: LastBatch::Keep, ..CONFIG };
    let batches = batches(Arc::clone(&images), config);
    assert_eq!(indices(&batches), (0..9).collect::<Vec<_>>());
    assert_eq!(batches[2].images.len(), 192);
    for batch in &batches {
        for (place, &index) in batch.indices.iter().enumerate() {
            let mut expected = vec![0.0; 192];
            let image = images.image(index).expect("a good image");
            TRANSFORM.apply(&image, 1, 2, index as u64, &mut expected).expect("a good transform");
            assert_eq!(batch.images[192 * place..192 * (place + 1)], expected);
            assert_eq!(batch.labels[place], index as i64 % 7);
        }
    }
}

#[test]
fn a_shuffled_epoch_follows_the_permutation() {
    let batches = batches(noise(10), CONFIG);
    assert_eq!(indices(&batches), permutation(1, 2, 10)[..8]);
}

#[test]
fn the_last_batch_is_dropped_or_kept() {
    let lengths = |count, last_batch| -> Vec<usize> {
        batches(noise(count), LoaderConfig { last_batch, ..CONFIG }).iter().map(|batch| batch.indices.len()).collect()
    };
    assert_eq!(lengths(10, LastBatch::Drop), [4, 4]);
    assert_eq!(lengths(10, LastBatch::Keep), [4, 4, 2]);
    assert_eq!(lengths(8, LastBatch::Keep), [4, 4]);
    assert_eq!(lengths(3, LastBatch::Keep), [3]);
}

#[test]
fn the_loader_knows_how_many_batches_are_left() {
    let mut loader = load(noise(50), TRANSFORM, CONFIG).expect("a loader");
    assert_eq!(loader.len(), 12);
    loader.next();
    assert_eq!(loader.len(), 11);
}

#[test]
fn unlabelled_images_have_no_labels() {
    let images = Arc::new(Noise { count: 4, ..Noise::default() });
    assert!(batches(images, CONFIG)[0].labels.is_empty());
}

#[test]
fn fewer_images_than_a_batch_are_an_error_with_both_numbers() {
    let error = load(noise(3), TRANSFORM, CONFIG).err().expect("too few").to_string();
    assert!(error.contains("3 images") && error.contains("batch of 4"), "{error}");
}

#[test]
fn impossible_settings_are_refused_before_any_thread_starts() {
    let refused = |count, transform, config| load(noise(count), transform, config).err().expect("refused").to_string();
    assert!(refused(8, TRANSFORM, LoaderConfig { batch_size: 0, ..CONFIG }).contains("batch size is 0"));
    assert!(refused(8, TRANSFORM, LoaderConfig { workers: 0, ..CONFIG }).contains("number of workers is 0"));
    assert!(refused(0, TRANSFORM, CONFIG).contains("no images"));
    assert!(refused(8, Transform { std: PerChannel::rgb([0.0; 3]), ..TRANSFORM }, CONFIG).contains("data.std"));
}

#[test]
fn a_broken_image_is_the_error_of_its_batch_and_ends_the_epoch() {
    let images = Arc::new(Noise { count: 40, labelled: true, broken: Some(21), ..Noise::default() });
    let config = LoaderConfig { order: Order::Sequential, ..CONFIG };
    let outcome: Vec<bool> = load(images, TRANSFORM, config).expect("a loader").map(|batch| batch.is_ok()).collect();
    assert_eq!(outcome, [true, true, true, true, true, false]);
}

#[test]
fn a_panic_in_a_worker_becomes_an_error() {
    let images = Arc::new(Noise { count: 40, labelled: true, panics: Some(21), ..Noise::default() });
    let config = LoaderConfig { order: Order::Sequential, ..CONFIG };
    let outcome: Vec<_> = load(images, TRANSFORM, config).expect("a loader").collect();
    assert_eq!(outcome.len(), 6);
    let error = outcome[5].as_ref().expect_err("a panic").to_string();
    assert!(error.contains("image 21 is cursed"), "{error}");
}

#[test]
fn batches_ahead_are_bounded() {
    let images = noise(4000);
    let mut loader = load(Arc::clone(&images) as Arc<dyn Images>, TRANSFORM, CONFIG).expect("a loader");
    loader.next().expect("a batch").expect("a good one");
    std::thread::sleep(Duration::from_millis(200));
    // One batch used; of each worker one in its channel and one in its hands.
    let made = images.made.load(Ordering::SeqCst);
    assert!((8..=4 * (1 + 2 * 2)).contains(&made), "{made} images were made");
}

#[test]
fn dropping_the_loader_ends_its_threads_at_once() {
    struct Slow;
    impl Images for Slow {
        fn len(&self) -> usize {
            100_000
        }
        fn image(&self, _: usize) -> Result<Image, DataError> {
            std::thread::sleep(Duration::from_millis(10));
            Image::new(1, 1, vec![0; 3])
        }
        fn label(&self, _: usize) -> Option<usize> {
            None
        }
    }
    let images: Arc<dyn Images> = Arc::new(Slow);
    let config = LoaderConfig { batch_size: 10_000, ..CONFIG };
    let loader = load(Arc::clone(&images), TRANSFORM, config).expect("a loader");
    let start = Instant::now();
    drop(loader);
    // A batch would take 100 seconds.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(Arc::strong_count(&images), 1, "no thread holds on to the images");
}

#[test]
fn an_error_about_an_image_names_it() {
    struct Thin;
    impl Images for Thin {
        fn len(&self) -> usize {
            1
        }
        fn image(&self, _: usize) -> Result<Image, DataError> {
            Image::new(2, 60_000, vec![0; 360_000])
        }
        fn label(&self, _: usize) -> Option<usize> {
            None
        }
        fn name(&self, _: usize) -> String {
            "the image thin.png".to_owned()
        }
    }
    let transform = Transform { augmentation: Augmentation::None, ..TRANSFORM };
    let config = LoaderConfig { batch_size: 1, ..CONFIG };
    let error = load(Arc::new(Thin), transform, config).expect("a loader").next().expect("a batch");
    let error = error.expect_err("too long").to_string();
    assert!(error.starts_with("the image thin.png cannot be used: an image side of"), "{error}");
}
