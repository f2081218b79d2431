//! Only benches: `cargo bench -p bmae-benches`.
