//! Chance that can be had again: the same seed throws the same numbers (SplitMix64, by
//! Sebastiano Vigna, in the public domain).

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of their own for each of many who share a seed.
    pub(crate) fn new(seed: u64, whose: u64) -> Self {
        let mut dice = Self(seed ^ whose.wrapping_mul(0xd605_bbb5_8c8a_bc03));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_and_another_one_something_else() {
        let throw = |seed, whose| {
            let mut dice = Dice::new(seed, whose);
            (0..20).map(|_| dice.below(100)).collect::<Vec<_>>()
        };
        assert_eq!(throw(1, 1), throw(1, 1));
        assert_ne!(throw(1, 1), throw(2, 1));
        assert_ne!(throw(1, 1), throw(1, 2));
        assert!(throw(7, 7).iter().all(|number| *number < 100));
    }
}
