//! The figures as a page of the documentation, in both languages.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::instructions;
use super::report::Report;

/// Writes `performance.md` and its translation into a folder.
pub(super) fn write(report: &Report, folder: &Path) -> anyhow::Result<()> {
    let committed = instructions::committed()?;
    for (name, text) in [
        ("performance.md", english(report, &committed)),
        ("performance.zh-CN.md", chinese(report, &committed)),
    ] {
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| file.display().to_string())?;
        println!("{}", file.display());
    }
    Ok(())
}

fn english(report: &Report, instructions: &instructions::Figures) -> String {
    format!(
        "\
# Performance

[简体中文](performance.zh-CN.md)

Measured by `cargo xtask bench --document` on a machine with {cores} cores, which the load generator, the gateway and the server share. What counts is the ratio: both programs run in turns on the same machine.

The server gives its argument back, over stdio. *Legacy* is a client of MCP 2025-11-25 with a session and a server that is spoken to in the same version; *modern* is a client and a server of MCP 2026-07-28. The least possible proxy exchanges the id of each message and does nothing else: no sessions, no checks, no catalog, no limits, no log.

## `tools/call`

| Era | Connections | Gateway, calls/s | p50, ms | p99, ms | Least proxy, calls/s | p50, ms | p99, ms | Ratio |
|---|---|---|---|---|---|---|---|---|
{rows}
Instructions per call, the load generator's included: {legacy} legacy, {modern} modern (`cargo xtask bench instructions`).

## Gateway, idle, with three servers

| Resident memory | Listening after |
|---|---|
| {resident:.1} MB | {listening:.0} ms |

## Stdio bridge

{size:.1} MB on disk.

| Era | First answer after | Resident memory | p50 of a call, ms | Of these added by the bridge |
|---|---|---|---|---|
{bridge}",
        cores = report.cores,
        rows = rows(report),
        legacy = instructions.instructions_per_call,
        modern = instructions.modern_instructions_per_call,
        resident = report.footprint.resident as f64 / 1e6,
        listening = report.footprint.listening_ms,
        size = report.bridge.size as f64 / 1e6,
        bridge = bridge(report),
    )
}

fn chinese(report: &Report, instructions: &instructions::Figures) -> String {
    format!(
        "\
# 性能

[English](performance.md)

由 `cargo xtask bench --document` 在一台 {cores} 核机器上测得，压测程序、网关和服务器共用这些核。应当看的是比值：两个程序在同一台机器上交错运行。

服务器走 stdio，原样返回参数。*legacy* 是带会话的 MCP 2025-11-25 客户端，以及以同一版本通信的服务器；*modern* 是 MCP 2026-07-28 的客户端和服务器。最简代理只替换每条消息的 id：没有会话、检查、目录、限制和日志。

## `tools/call`

| 协议 | 连接数 | 网关，次/秒 | p50，ms | p99，ms | 最简代理，次/秒 | p50，ms | p99，ms | 比值 |
|---|---|---|---|---|---|---|---|---|
{rows}
每次调用的指令数（含压测程序）：legacy {legacy}，modern {modern}（`cargo xtask bench instructions`）。

## 网关，空闲，三个服务器

| 常驻内存 | 启动到开始监听 |
|---|---|
| {resident:.1} MB | {listening:.0} ms |

## stdio 桥

磁盘占用 {size:.1} MB。

| 协议 | 启动到第一个应答 | 常驻内存 | 每次调用的 p50，ms | 其中由桥增加 |
|---|---|---|---|---|
{bridge}",
        cores = report.cores,
        rows = rows(report),
        legacy = instructions.instructions_per_call,
        modern = instructions.modern_instructions_per_call,
        resident = report.footprint.resident as f64 / 1e6,
        listening = report.footprint.listening_ms,
        size = report.bridge.size as f64 / 1e6,
        bridge = bridge(report),
    )
}

fn rows(report: &Report) -> String {
    let rows = report.throughput.iter().map(|row| {
        format!(
            "| {} | {} | {:.0} | {:.3} | {:.3} | {:.0} | {:.3} | {:.3} | {:.2} |\n",
            row.era.as_str(),
            row.connections,
            row.gateway.rate,
            row.gateway.p50_us / 1_000.0,
            row.gateway.p99_us / 1_000.0,
            row.least.rate,
            row.least.p50_us / 1_000.0,
            row.least.p99_us / 1_000.0,
            row.ratio
        )
    });
    rows.collect()
}

fn bridge(report: &Report) -> String {
    let eras = report.bridge.eras.iter().map(|figures| {
        format!(
            "| {} | {:.0} ms | {:.1} MB | {:.3} | {:.3} |\n",
            figures.era.as_str(),
            figures.first_answer_ms,
            figures.resident as f64 / 1e6,
            figures.p50_us / 1_000.0,
            figures.added_us() / 1_000.0
        )
    });
    eras.collect()
}
