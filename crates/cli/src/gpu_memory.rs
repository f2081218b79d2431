//! How much memory a GPU has. wgpu does not tell; the systems do, each in its own way.

use std::path::Path;
use std::process::Command;

/// The bytes of the GPU of this machine that has the most; `None` where nothing tells: cards of Intel, and systems that have
/// neither `/sys` nor `nvidia-smi`.
pub fn most() -> Option<u64> {
    of_amd(Path::new("/sys/class/drm")).into_iter().chain(of_nvidia()).max()
}

/// Of the cards whose driver writes it into `cards`, a folder of the system.
fn of_amd(cards: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(cards).ok()?.flatten();
    let of_card = |entry: std::fs::DirEntry| {
        std::fs::read_to_string(entry.path().join("device/mem_info_vram_total")).ok()?.trim().parse::<u64>().ok()
    };
    entries.filter_map(of_card).max()
}

/// Of NVIDIA's cards, whose driver brings a program that tells.
fn of_nvidia() -> Option<u64> {
    let told = Command::new("nvidia-smi").args(["--query-gpu=memory.total", "--format=csv,noheader,nounits"]).output();
    mebibytes(&String::from_utf8_lossy(&told.ok()?.stdout))
}

/// The largest number of `lines`, mebibytes each.
fn mebibytes(lines: &str) -> Option<u64> {
    lines.lines().filter_map(|line| line.trim().parse::<u64>().ok()).max().map(|mebibytes| mebibytes << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_card_counts_and_a_system_that_tells_nothing_has_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(of_amd(&folder.path().join("missing")), None);
        for (card, bytes) in [("card0", "17163091968\n"), ("card1", "536870912\n")] {
            let device = folder.path().join(card).join("device");
            std::fs::create_dir_all(&device).expect("a folder");
            std::fs::write(device.join("mem_info_vram_total"), bytes).expect("a file");
        }
        std::fs::create_dir_all(folder.path().join("renderD128")).expect("a folder");
        assert_eq!(of_amd(folder.path()), Some(17_163_091_968));
        assert_eq!(mebibytes("81559\n24564\n"), Some(81_559 << 20));
        assert_eq!(mebibytes("NVIDIA-SMI has failed because it couldn't communicate\n"), None);
    }
}
