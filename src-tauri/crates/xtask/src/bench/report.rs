//! The figures as a table, as JSON, and against the bars.

use serde::Serialize;

use super::footprint::Footprint;
use super::throughput::Row;

/// Share of the yardstick's rate at 16 connections.
const RATIO: f64 = 0.6;
/// Bytes resident, idle, three servers.
const RESIDENT: u64 = 15_000_000;
/// Milliseconds from start to listening.
const LISTENING_MS: f64 = 100.0;

/// Everything that one run of `cargo xtask bench` found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    cores: usize,
    throughput: Vec<Row>,
    footprint: Footprint,
}

// === impl Report ===

impl Report {
    /// With the machine's number of cores beside it.
    pub(super) fn new(throughput: Vec<Row>, footprint: Footprint) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        Self {
            cores,
            throughput,
            footprint,
        }
    }

    /// For reading.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "tools/call, echo server over stdio, {} cores; medians\n\
             {:>11} {:>13} {:>10} {:>10} {:>13} {:>10} {:>10} {:>6}\n",
            self.cores,
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
                "{:>11} {:>13.0} {:>10.3} {:>10.3} {:>13.0} {:>10.3} {:>10.3} {:>6.2}\n",
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
        text
    }

    /// The bars that this run missed. A figure that is no number misses its bar.
    pub(super) fn missed(&self) -> Vec<String> {
        let ratio = self
            .throughput
            .iter()
            .find(|row| row.connections == 16)
            .map_or(f64::NAN, |row| row.ratio);
        let Footprint {
            resident,
            listening_ms,
            ..
        } = self.footprint;
        [
            (
                ratio >= RATIO,
                format!("ratio at 16 connections {ratio:.2}, wanted {RATIO}"),
            ),
            (
                resident <= RESIDENT,
                format!("{resident} bytes resident, wanted {RESIDENT}"),
            ),
            (
                listening_ms <= LISTENING_MS,
                format!("listening after {listening_ms:.0} ms, wanted {LISTENING_MS}"),
            ),
        ]
        .into_iter()
        .filter_map(|(met, bar)| (!met).then_some(bar))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::throughput::Figures;
    use super::*;

    fn missed(ratio: f64, resident: u64, listening_ms: f64) -> usize {
        let figures = Figures {
            rate: 1.0,
            p50_us: 1.0,
            p99_us: 1.0,
        };
        let row = Row {
            connections: 16,
            gateway: figures,
            least: figures,
            ratio,
        };
        Report::new(
            vec![row],
            Footprint {
                resident,
                listening_ms,
                slowest_ms: 0.0,
            },
        )
        .missed()
        .len()
    }

    #[test]
    fn every_bar_is_held_up() {
        assert_eq!(missed(0.6, 15_000_000, 100.0), 0);
        assert_eq!(missed(0.59, 15_000_000, 100.0), 1);
        assert_eq!(missed(f64::NAN, 15_000_001, 100.1), 3);
    }
}
