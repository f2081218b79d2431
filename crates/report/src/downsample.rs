//! Long curves in few points.

/// At most `4 * stretches` of the points (0 counts as 1), with the same look when drawn over that many columns: of each
/// stretch the first, the lowest, the highest and the last stay, in order, so that spikes do. Few points stay as they
/// are.
pub fn downsample(points: &[(f64, f64)], stretches: usize) -> Vec<(f64, f64)> {
    let stretches = stretches.max(1);
    if points.len() <= 4 * stretches {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(4 * stretches);
    for stretch in points.chunks(points.len().div_ceil(stretches)) {
        let by_value = |a: &usize, b: &usize| stretch[*a].1.total_cmp(&stretch[*b].1);
        let lowest = (0..stretch.len()).min_by(by_value).unwrap_or(0);
        let highest = (0..stretch.len()).max_by(by_value).unwrap_or(0);
        let mut places = vec![0, lowest, highest, stretch.len() - 1];
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().map(|place| stretch[place]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_points_become_few_and_keep_a_single_spike() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), 1.0)).collect();
        points[54_321].1 = 9.0;
        let thinned = downsample(&points, 70);
        assert!(thinned.len() <= 280, "{}", thinned.len());
        assert!(thinned.contains(&(54_321.0, 9.0)));
        assert_eq!((thinned[0], thinned[thinned.len() - 1]), (points[0], points[99_999]));
        assert!(thinned.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn few_points_stay_as_they_are() {
        let points = [(0.0, 1.0), (1.0, 2.0)];
        assert_eq!(downsample(&points, 70), points);
        assert_eq!(downsample(&[], 0), []);
    }

    #[test]
    fn a_long_curve_keeps_its_spikes_and_its_ends() {
        let mut points: Vec<(f64, f64)> = (0..20_000).map(|x| (f64::from(x), 0.5)).collect();
        points[7_777].1 = 9.0;
        points[12_345].1 = -3.0;
        let kept = downsample(&points, 240);
        assert!(kept.len() < 1000, "{} points", kept.len());
        assert!(kept.contains(&(7_777.0, 9.0)) && kept.contains(&(12_345.0, -3.0)));
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        assert!(kept.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
}
