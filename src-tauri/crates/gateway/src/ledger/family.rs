//! Who has left the group of a child, and still belongs to it: whoever descends from it by
//! parents that all live. One whose parents have let go of it while the child went on, a daemon,
//! is meant to outlive them and is nobody's.

use std::collections::HashMap;

use super::child::{Line, Stamp};

/// Generations between a process and the child that it descends from.
const GENERATIONS: usize = 32;

/// What a look at all processes finds of one that has not ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kin {
    pub(super) stamp: Stamp,
    pub(super) parent: u32,
    /// The leader of its group.
    pub(super) group: u32,
}

/// Notes with each child who descends from it and is outside its group, in place of whoever was
/// noted before. With a child that is gone or leaving, those who were noted stay until they have
/// ended, because when it goes everybody loses the parents; whoever descends from them joins
/// them. Whether that changed anything. `own` is this process, which belongs to nobody.
pub(super) fn relate(lines: &mut [Line], all: &[Kin], own: u32) -> bool {
    let by_id: HashMap<u32, &Kin> = all.iter().map(|one| (one.stamp.pid, one)).collect();
    let lives = |stamp: Stamp| by_id.get(&stamp.pid).is_some_and(|one| one.stamp == stamp);
    let mut changed = false;
    for line in lines {
        let stays = lives(line.stamp) && !line.is_leaving;
        let known = line.detached.iter().filter(|_| !stays);
        let ancestors: Vec<Stamp> = known
            .chain([&line.stamp])
            .copied()
            .filter(|&one| lives(one))
            .collect();
        let outside = all.iter().filter(|one| one.group != line.stamp.pid);
        let mut detached: Vec<Stamp> = outside
            .filter(|one| descends(one, &ancestors, &by_id, own))
            .map(|one| one.stamp)
            .collect();
        detached.sort_unstable_by_key(|stamp| stamp.pid);
        if line.detached != detached {
            line.detached = detached;
            changed = true;
        }
    }
    changed
}

/// Whether a process is one of `ancestors` or its parents lead to one, and not by way of `own`.
fn descends(one: &Kin, ancestors: &[Stamp], by_id: &HashMap<u32, &Kin>, own: u32) -> bool {
    let mut now = one;
    for _ in 0..GENERATIONS {
        if ancestors.contains(&now.stamp) {
            return true;
        }
        if now.stamp.pid == own {
            return false;
        }
        match by_id.get(&now.parent) {
            // A parent that is younger has the id of one that is gone.
            Some(parent) if parent.stamp.started <= now.stamp.started => now = parent,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: u32 = 2;

    fn stamp(pid: u32) -> Stamp {
        Stamp {
            pid,
            started: u64::from(pid),
        }
    }

    fn kin(pid: u32, parent: u32, group: u32) -> Kin {
        Kin {
            stamp: stamp(pid),
            parent,
            group,
        }
    }

    fn detached(line: &Line) -> Vec<u32> {
        line.detached.iter().map(|one| one.pid).collect()
    }

    /// Those whose parent is gone: they are init's now.
    fn reparent(all: &mut [Kin], ids: &[u32]) {
        let found = all.iter_mut().filter(|one| ids.contains(&one.stamp.pid));
        found.for_each(|one| one.parent = 1);
    }

    #[test]
    fn whoever_left_the_group_belongs_to_the_child_by_its_parents() {
        let mut lines = [Line::new("one", stamp(10)), Line::new("two", stamp(20))];
        let mut all = vec![
            kin(1, 0, 1),
            kin(OWN, 1, OWN),
            kin(10, OWN, 10),
            kin(11, 10, 10),
            // In a group of its own, with a child in another.
            kin(12, 11, 12),
            kin(13, 12, 13),
            // Its parent is gone, its group is the child's: it is ended with that.
            kin(14, 1, 10),
            // Nothing but that one leads to the child.
            kin(15, 14, 15),
            kin(20, OWN, 20),
            kin(30, OWN, 30),
            kin(31, 1, 31),
        ];
        assert!(relate(&mut lines, &all, OWN));
        assert_eq!(detached(&lines[0]), [12, 13]);
        assert!(detached(&lines[1]).is_empty());
        assert!(!relate(&mut lines, &all, OWN), "nothing new");

        // A daemon's starter has left, and another has come, while the child lives.
        all.retain(|one| one.stamp.pid != 12);
        reparent(&mut all, &[13]);
        all.push(kin(40, 10, 40));
        assert!(relate(&mut lines, &all, OWN));
        assert_eq!(detached(&lines[0]), [40]);
    }

    #[test]
    fn whoever_was_noted_stays_so_while_the_child_leaves_and_when_it_is_gone() {
        let mut lines = [Line::new("one", stamp(10))];
        let mut all = vec![
            kin(10, OWN, 10),
            kin(11, 10, 10),
            kin(12, 11, 12),
            kin(13, 12, 13),
        ];
        assert!(relate(&mut lines, &all, OWN));
        lines[0].is_leaving = true;
        // Those between leave first.
        all.retain(|one| one.stamp.pid != 11);
        reparent(&mut all, &[12]);
        assert!(!relate(&mut lines, &all, OWN));
        assert_eq!(detached(&lines[0]), [12, 13]);

        // The child goes, too, asked or unasked; one that is noted starts another, and there is
        // a daemon that nobody's parents lead to.
        lines[0].is_leaving = false;
        all.retain(|one| ![10, 12].contains(&one.stamp.pid));
        reparent(&mut all, &[13]);
        all.extend([kin(14, 13, 14), kin(15, 1, 15)]);
        assert!(relate(&mut lines, &all, OWN));
        assert_eq!(detached(&lines[0]), [13, 14]);
    }

    #[test]
    fn an_id_that_is_used_again_is_a_strangers() {
        let other = |pid: u32, parent: u32, group: u32| Kin {
            stamp: Stamp {
                pid,
                started: 1_000,
            },
            parent,
            group,
        };
        let mut line = Line::new("one", stamp(10));
        line.detached = vec![stamp(12)];
        let mut lines = [line];
        // The child's id and that of the one that is known lead strangers' groups now.
        let all = [
            other(10, 1, 10),
            other(11, 10, 11),
            other(12, 1, 12),
            other(13, 12, 12),
        ];
        assert!(relate(&mut lines, &all, OWN));
        assert!(detached(&lines[0]).is_empty());

        // A parent that is younger than its child is none.
        let mut lines = [Line::new("one", stamp(10))];
        let all = [kin(10, OWN, 10), other(12, 10, 12), kin(13, 12, 13)];
        assert!(relate(&mut lines, &all, OWN));
        assert_eq!(detached(&lines[0]), [12]);
    }

    #[test]
    fn this_gateway_and_those_above_it_are_nobodys() {
        let mut lines = [Line::new("one", stamp(10))];
        let all = [kin(10, 1, 10), kin(11, 10, 11), kin(12, 11, 12)];
        // Started by what an earlier gateway left behind.
        assert!(!relate(&mut lines, &all, 11));
        assert!(detached(&lines[0]).is_empty());
    }
}
