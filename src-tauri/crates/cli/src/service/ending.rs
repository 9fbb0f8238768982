//! How a service ended, in words. Pure.

use gateway::words::Words;

use super::manager::End;

/// In the middle of a sentence.
pub(crate) fn ending(end: &End) -> Words {
    match end {
        End::Code(code) => {
            let (en, zh) = match code {
                0 => ("it ended by itself", "自行退出"),
                1 => (
                    "the gateway could not start or go on",
                    "网关无法启动或无法继续",
                ),
                2 => ("its command line is not understood", "无法理解命令行参数"),
                3 => (
                    "another gateway has its data folder",
                    "另一个网关占用着它的数据目录",
                ),
                126 | 203 => ("its program cannot be run", "程序无法执行"),
                127 => ("its program was not found", "找不到程序"),
                // systemd.exec(5), "Process Exit Codes".
                200 => ("its working folder is not there", "工作目录不存在"),
                101 => ("a fault in the gateway itself", "网关自身的缺陷"),
                _ => {
                    return Words::new(format!("exit code {code}"), format!("退出码 {code}"));
                }
            };
            Words::new(
                format!("exit code {code}, {en}"),
                format!("退出码 {code}，{zh}"),
            )
        }
        End::Signal(9) => Words::new(
            "it was killed (signal 9), perhaps for want of memory",
            "被强制结束（信号 9），可能是内存不足",
        ),
        End::Signal(signal) => Words::new(
            format!("it was ended by signal {signal}"),
            format!("被信号 {signal} 结束"),
        ),
        // The results of a unit, org.freedesktop.systemd1(5).
        End::Other(word) => {
            let (en, zh) = match word.as_str() {
                "oom-kill" => ("the system had no memory left for it", "系统内存不足"),
                "timeout" => ("it did not start or stop in time", "启动或停止超时"),
                "start-limit-hit" => ("it failed too often", "失败次数过多"),
                "resources" => (
                    "the system could not provide what it needs",
                    "系统无法提供所需资源",
                ),
                other => {
                    return Words::new(format!("“{other}”"), format!("“{other}”"));
                }
            };
            Words::new(en, zh)
        }
    }
}

/// What a person does about it.
pub(crate) fn remedy_of(end: &End) -> Words {
    match end {
        End::Code(3) => Words::new(
            "stop the other gateway, which `mcp-gateway status` shows; then: mcp-gateway service start",
            "请停止另一个网关（`mcp-gateway status` 可以查看），然后执行：mcp-gateway service start",
        ),
        End::Code(2 | 126 | 127 | 200 | 203) => Words::new(
            "install it again: mcp-gateway service install",
            "请重新安装：mcp-gateway service install",
        ),
        _ => Words::new(
            "what it printed last says why, and `mcp-gateway doctor` may; then: mcp-gateway service start",
            "原因见它最后的输出，也可执行 `mcp-gateway doctor` 检查；然后执行：mcp-gateway service start",
        ),
    }
}
