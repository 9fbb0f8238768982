//! The headless gateway and its command line.

fn main() -> std::process::ExitCode {
    cli::main()
}
