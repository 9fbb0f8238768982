//! The figures as a table, as JSON, and against the bars.

use serde::Serialize;

use super::bridge::Bridge;
use super::footprint::Footprint;
use super::throughput::Row;

/// Share of the yardstick's rate at 16 connections and more.
const RATIO: f64 = 0.7;
/// Bytes resident, idle, three servers.
const RESIDENT: u64 = 15_000_000;
/// Milliseconds from start to listening.
const LISTENING_MS: f64 = 100.0;

/// Everything that one run of `cargo xtask bench` found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) cores: usize,
    pub(super) throughput: Vec<Row>,
    pub(super) footprint: Footprint,
    pub(super) bridge: Bridge,
}

// === impl Report ===

impl Report {
    /// With the machine's number of cores beside it.
    pub(super) fn new(throughput: Vec<Row>, footprint: Footprint, bridge: Bridge) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        Self {
            cores,
            throughput,
            footprint,
            bridge,
        }
    }

    /// For reading.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "tools/call, echo server over stdio, {} cores; medians\n\
             {:>7} {:>11} {:>13} {:>10} {:>10} {:>13} {:>10} {:>10} {:>6}\n",
            self.cores,
            "era",
            "connections",
            "gateway/s",
            "p50 ms",
            "p99 ms",
            "least/s",
            "p50 ms",
            "p99 ms",
            "ratio"
        );
        for row in &self.throughput {
            text.push_str(&format!(
                "{:>7} {:>11} {:>13.0} {:>10.3} {:>10.3} {:>13.0} {:>10.3} {:>10.3} {:>6.2}\n",
                row.era.as_str(),
                row.connections,
                row.gateway.rate,
                row.gateway.p50_us / 1_000.0,
                row.gateway.p99_us / 1_000.0,
                row.least.rate,
                row.least.p50_us / 1_000.0,
                row.least.p99_us / 1_000.0,
                row.ratio
            ));
        }
        text.push_str(&format!(
            "\nidle with three servers: {:.1} MB resident\nlistening after {:.0} ms (slowest {:.0} ms)\n",
            self.footprint.resident as f64 / 1e6,
            self.footprint.listening_ms,
            self.footprint.slowest_ms
        ));
        text.push_str(&format!(
            "bridge: {:.1} MB on disk\n",
            self.bridge.size as f64 / 1e6
        ));
        for figures in &self.bridge.eras {
            text.push_str(&format!(
                "{:>7}: first answer after {:.0} ms, {:.1} MB resident, p50 {:.3} ms, {:.3} ms of them added\n",
                figures.era.as_str(),
                figures.first_answer_ms,
                figures.resident as f64 / 1e6,
                figures.p50_us / 1_000.0,
                figures.added_us() / 1_000.0
            ));
        }
        text
    }

    /// The bars that this run missed. A figure that is no number misses its bar.
    pub(super) fn missed(&self) -> Vec<String> {
        let ratios = self.throughput.iter().filter(|row| row.connections >= 16);
        let ratios = ratios.map(|row| {
            let (era, connections, ratio) = (row.era.as_str(), row.connections, row.ratio);
            let bar =
                format!("{era}: ratio at {connections} connections {ratio:.2}, wanted {RATIO}");
            (ratio >= RATIO, bar)
        });
        let Footprint {
            resident,
            listening_ms,
            ..
        } = self.footprint;
        let footprint = [
            (
                resident <= RESIDENT,
                format!("{resident} bytes resident, wanted {RESIDENT}"),
            ),
            (
                listening_ms <= LISTENING_MS,
                format!("listening after {listening_ms:.0} ms, wanted {LISTENING_MS}"),
            ),
        ];
        ratios
            .chain(footprint)
            .filter_map(|(met, bar)| (!met).then_some(bar))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::gateway::Era;
    use super::super::throughput::Figures;
    use super::*;

    fn missed(connections: u64, ratio: f64, resident: u64, listening_ms: f64) -> usize {
        let figures = Figures {
            rate: 1.0,
            p50_us: 1.0,
            p99_us: 1.0,
        };
        let rows = Era::ALL.map(|era| Row {
            era,
            connections,
            gateway: figures,
            least: figures,
            ratio,
        });
        Report::new(
            rows.into(),
            Footprint {
                resident,
                listening_ms,
                slowest_ms: 0.0,
            },
            Bridge {
                size: 1,
                eras: Vec::new(),
            },
        )
        .missed()
        .len()
    }

    #[test]
    fn every_bar_is_held_up() {
        assert_eq!(missed(16, 0.7, 15_000_000, 100.0), 0);
        assert_eq!(missed(16, 0.69, 15_000_000, 100.0), 2);
        assert_eq!(missed(64, 0.69, 15_000_000, 100.0), 2);
        assert_eq!(missed(1, 0.5, 15_000_000, 100.0), 0);
        assert_eq!(missed(16, f64::NAN, 15_000_001, 100.1), 4);
    }
}
