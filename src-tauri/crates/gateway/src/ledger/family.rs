//! Who has left the group of a child, and still belongs to it: found by descent while its
//! ancestors live, and remembered from then on with its start time.

use std::collections::HashMap;

use super::{Line, Stamp};

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

/// Notes with each child who descends from it and is outside its group; forgets who has ended.
/// Whether that changed anything. `own` is this process, which belongs to nobody.
pub(super) fn relate(lines: &mut [Line], all: &[Kin], own: u32) -> bool {
    let by_id: HashMap<u32, &Kin> = all.iter().map(|one| (one.stamp.pid, one)).collect();
    let mut changed = false;
    for line in lines {
        let mut detached: Vec<Stamp> = all
            .iter()
            .filter(|one| one.group != line.stamp.pid || is_anothers(line.stamp, &by_id))
            .filter(|one| one.stamp.pid != own && descends(one, line, &by_id, own))
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

/// Whether another process has the id by now.
fn is_anothers(stamp: Stamp, by_id: &HashMap<u32, &Kin>) -> bool {
    by_id.get(&stamp.pid).is_some_and(|one| one.stamp != stamp)
}

fn descends(one: &Kin, line: &Line, by_id: &HashMap<u32, &Kin>, own: u32) -> bool {
    let mut now = one;
    for _ in 0..GENERATIONS {
        let is_of_group = now.group == line.stamp.pid && !is_anothers(line.stamp, by_id);
        let knows = |stamp: Stamp| stamp == line.stamp || line.detached.contains(&stamp);
        // The group of one that is known, for as long as that one leads it.
        let led = by_id.get(&now.group).map(|leader| leader.stamp);
        if is_of_group || knows(now.stamp) || led.is_some_and(knows) {
            return true;
        }
        match by_id.get(&now.parent) {
            // A parent that is younger has the id of one that is gone.
            Some(parent)
                if parent.stamp.pid != own && parent.stamp.started <= now.stamp.started =>
            {
                now = parent;
            }
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

    #[test]
    fn whoever_left_the_group_is_found_by_descent_and_remembered() {
        let mut lines = [Line::new("one", stamp(10)), Line::new("two", stamp(20))];
        let mut all = vec![
            kin(1, 0, 1),
            kin(OWN, 1, OWN),
            kin(10, OWN, 10),
            kin(11, 10, 10),
            // In a group of its own, with a child in another.
            kin(12, 11, 12),
            kin(13, 12, 13),
            // Its parent is gone, its group is the child's.
            kin(14, 1, 10),
            kin(15, 14, 15),
            kin(20, OWN, 20),
            kin(30, OWN, 30),
            kin(31, 1, 31),
        ];
        assert!(relate(&mut lines, &all, OWN));
        assert_eq!(detached(&lines[0]), [12, 13, 15]);
        assert!(detached(&lines[1]).is_empty());
        assert!(!relate(&mut lines, &all, OWN), "nothing new");

        // The child and those between are gone; one that is known has had a child meanwhile.
        all.retain(|one| ![10, 11, 12, 14].contains(&one.stamp.pid));
        all.iter_mut().for_each(|one| {
            if [13, 15].contains(&one.stamp.pid) {
                one.parent = 1;
            }
        });
        all.push(kin(40, 13, 40));
        // In the group that a known one leads, although its own parent is gone.
        all.push(kin(41, 1, 15));
        assert!(relate(&mut lines, &all, OWN));
        assert_eq!(detached(&lines[0]), [13, 15, 40, 41]);
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
            other(11, 10, 10),
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
