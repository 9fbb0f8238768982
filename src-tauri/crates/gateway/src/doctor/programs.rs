//! The commands of local servers: whether they are there, where they were looked for, and where
//! else they are.

use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::fix::Fix;
use crate::words::Words;

/// Folders named in a text; a `PATH` may have dozens.
const NAMED: usize = 40;

/// What was found of one server's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) server: String,
    /// As the configuration has it.
    pub(super) program: String,
    /// The file that is started.
    pub(super) path: Option<PathBuf>,
    /// The folders that were searched, in this order.
    pub(super) searched: Vec<PathBuf>,
    /// Programs of that name that are not found by the search.
    pub(super) elsewhere: Vec<PathBuf>,
    /// A file of that name that is found and may not be started.
    pub(super) unfit: Option<PathBuf>,
    /// The working directory, if it is missing.
    pub(super) missing_cwd: Option<PathBuf>,
    /// It stands in a file, where it can be corrected.
    pub(super) is_editable: bool,
}

/// Folders in which projects keep programs of their own.
const OF_PROJECTS: [&str; 4] = ["node_modules/.bin", ".venv/bin", "venv/bin", "bin"];

/// Programs of this name in the folders that a project and a home usually have for them.
pub(super) fn near(program: &str, cwd: Option<&Path>, home: Option<&Path>) -> Vec<PathBuf> {
    let Some(name) = Path::new(program).file_name() else {
        return Vec::new();
    };
    let of_project = cwd.into_iter().flat_map(|cwd| {
        let folders = OF_PROJECTS.iter();
        folders.map(move |folder| cwd.join(folder))
    });
    let of_home = home.into_iter().flat_map(|home| {
        let folders = ["bin", ".local/bin"].into_iter();
        folders.map(move |folder| home.join(folder))
    });
    of_project
        .chain(of_home)
        .map(|folder| folder.join(name))
        .filter(|file| is_executable(file))
        .collect()
}

/// Whether a file can be started.
pub(super) fn is_executable(file: &Path) -> bool {
    let metadata = std::fs::metadata(file);
    metadata.is_ok_and(|metadata| {
        #[cfg(unix)]
        let may = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
        #[cfg(not(unix))]
        let may = true;
        metadata.is_file() && may
    })
}

/// Judges one server's command.
pub(super) fn judge(facts: &Program) -> Finding {
    let Program {
        server, program, ..
    } = facts;
    let id = format!("command:{server}");
    if let Some(folder) = &facts.missing_cwd {
        return missing_folder(id, facts, folder).of(server);
    }
    if let Some(path) = &facts.path {
        let path = path.display();
        let title = Words::new(
            format!("The command `{program}` of \"{server}\" is {path}"),
            format!("“{server}”的命令 `{program}` 是 {path}"),
        );
        return Finding::ok(id, title).of(server);
    }
    if let Some(file) = &facts.unfit {
        return not_executable(id, facts, file).of(server);
    }
    not_found(id, facts).of(server)
}

fn missing_folder(id: String, facts: &Program, folder: &Path) -> Finding {
    let (server, folder_shown) = (&facts.server, folder.display());
    Finding::problem(
        id,
        Words::new(
            format!("The working directory of \"{server}\" does not exist"),
            format!("“{server}”的工作目录不存在"),
        ),
    )
    .because(Words::new(
        format!("`cwd` is {folder_shown}"),
        format!("`cwd` 是 {folder_shown}"),
    ))
    .remedy(Words::new(
        "create it, or correct `cwd` in the server's settings",
        "请创建该目录，或在服务器设置中更正 `cwd`",
    ))
    .cured_by(Some(Fix::CreateFolder {
        server: server.clone(),
        folder: folder.to_owned(),
    }))
}

fn not_executable(id: String, facts: &Program, file: &Path) -> Finding {
    let (server, shown) = (&facts.server, file.display());
    Finding::problem(
        id,
        Words::new(
            format!("The command of \"{server}\" may not be started"),
            format!("“{server}”的命令无法执行"),
        ),
    )
    .because(Words::new(
        format!("{shown} is there and is not executable"),
        format!("{shown} 存在，但没有可执行权限"),
    ))
    .remedy(Words::new(
        format!("make it executable: `chmod u+x {shown}`"),
        format!("请添加可执行权限：`chmod u+x {shown}`"),
    ))
    .cured_by(Some(Fix::MakeExecutable {
        server: server.clone(),
        file: file.to_owned(),
    }))
}

fn not_found(id: String, facts: &Program) -> Finding {
    let Program {
        server, program, ..
    } = facts;
    let title = Words::new(
        format!("The command `{program}` of \"{server}\" was not found"),
        format!("找不到“{server}”的命令 `{program}`"),
    );
    let (mut en, mut zh) = if facts.searched.is_empty() {
        (
            "There is no such file".to_owned(),
            "没有这个文件".to_owned(),
        )
    } else {
        let list = folders(&facts.searched);
        (
            format!("Searched, in this order: {list}"),
            format!("按以下顺序查找：{list}"),
        )
    };
    let finding = Finding::problem(id, title);
    let Some(there) = facts.elsewhere.first() else {
        return finding
            .because(Words::new(en, zh))
            .remedy(installation(program));
    };
    let list = folders(&facts.elsewhere);
    en.push_str(&format!("; it does exist here: {list}"));
    zh.push_str(&format!("；它存在于：{list}"));
    let path = there.display();
    let fix = facts.is_editable.then(|| Fix::UseProgram {
        server: server.clone(),
        path: there.clone(),
    });
    finding
        .because(Words::new(en, zh))
        .remedy(Words::new(
            format!("write its full path in `command`: `{path}`"),
            format!("请在 `command` 中写完整路径：`{path}`"),
        ))
        .cured_by(fix)
}

fn folders(paths: &[PathBuf]) -> String {
    let named = paths.iter().take(NAMED);
    let mut list: Vec<String> = named.map(|path| path.display().to_string()).collect();
    if paths.len() > NAMED {
        list.push("…".to_owned());
    }
    list.join(", ")
}

/// The name of a program without its folder and its ending.
pub(super) fn stem(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = name.to_ascii_lowercase();
    let bare = [".exe", ".cmd", ".bat", ".ps1"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending));
    bare.unwrap_or(&name).to_owned()
}

/// Where a program comes from that servers are commonly started with.
fn installation(program: &str) -> Words {
    let (what_en, what_zh) = match stem(program).as_str() {
        "node" | "npx" | "npm" | "pnpm" | "yarn" => (
            "install Node.js 20 or newer from https://nodejs.org or with a version manager such as fnm",
            "请从 https://nodejs.org 安装 Node.js 20 或更高版本，或使用 fnm 等版本管理器",
        ),
        "uv" | "uvx" => (
            "install uv: https://docs.astral.sh/uv/getting-started/installation/",
            "请安装 uv：https://docs.astral.sh/uv/getting-started/installation/",
        ),
        "bun" | "bunx" => ("install Bun: https://bun.sh", "请安装 Bun：https://bun.sh"),
        "deno" => (
            "install Deno: https://deno.com",
            "请安装 Deno：https://deno.com",
        ),
        "docker" => (
            "install Docker: https://docs.docker.com/get-docker/",
            "请安装 Docker：https://docs.docker.com/get-docker/",
        ),
        "python" | "python3" | "pip" | "pipx" => (
            "install Python 3.10 or newer, for example with your system's package manager",
            "请安装 Python 3.10 或更高版本，例如使用系统的包管理器",
        ),
        _ => (
            "install it, or correct `command`",
            "请安装它，或更正 `command`",
        ),
    };
    Words::new(
        format!("{what_en}; then check again"),
        format!("{what_zh}；然后重新检查"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn program(name: &str) -> Program {
        Program {
            server: "files".to_owned(),
            program: name.to_owned(),
            path: None,
            searched: vec![PathBuf::from("/usr/bin"), PathBuf::from("/bin")],
            elsewhere: Vec::new(),
            unfit: None,
            missing_cwd: None,
            is_editable: true,
        }
    }

    #[test]
    fn what_is_nowhere_says_where_it_was_searched_and_how_to_get_it() {
        let finding = judge(&program("npx"));
        assert_eq!(finding.severity, Severity::Problem);
        let (cause, remedy) = (
            finding.cause.expect("a cause"),
            finding.remedy.expect("a remedy"),
        );
        assert!(cause.en.contains("/usr/bin, /bin"));
        assert!(remedy.en.contains("nodejs.org") && remedy.zh.contains("nodejs.org"));
        assert_eq!(finding.cure, None);
        let remedy = judge(&program("C:\\tools\\UVX.EXE")).remedy;
        assert!(remedy.is_some_and(|remedy| remedy.en.contains("docs.astral.sh")));
    }

    #[test]
    fn what_is_elsewhere_can_be_written_into_the_file() {
        let mut facts = program("npx");
        facts.elsewhere = vec![PathBuf::from("/home/me/.nvm/bin/npx")];
        let finding = judge(&facts);
        let fix = Fix::UseProgram {
            server: "files".to_owned(),
            path: PathBuf::from("/home/me/.nvm/bin/npx"),
        };
        assert_eq!(finding.cure, Some(fix));
        facts.is_editable = false;
        assert_eq!(judge(&facts).cure, None);
    }

    #[test]
    fn a_folder_or_a_permission_that_is_missing_has_its_own_fix() {
        let mut facts = program("tool");
        facts.unfit = Some(PathBuf::from("/opt/tool"));
        assert!(matches!(
            judge(&facts).cure,
            Some(Fix::MakeExecutable { .. })
        ));
        facts.missing_cwd = Some(PathBuf::from("/gone"));
        assert!(matches!(judge(&facts).cure, Some(Fix::CreateFolder { .. })));
        let mut facts = program("tool");
        facts.path = Some(PathBuf::from("/usr/bin/tool"));
        assert_eq!(judge(&facts).severity, Severity::Ok);
    }

    #[cfg(unix)]
    #[test]
    fn programs_of_a_project_are_found_near_it() {
        use std::os::unix::fs::PermissionsExt;
        let project = tempfile::tempdir().expect("a folder");
        let folder = project.path().join("node_modules/.bin");
        std::fs::create_dir_all(&folder).expect("made");
        let tool = folder.join("tool");
        std::fs::write(&tool, "#!/bin/sh\n").expect("written");
        assert_eq!(
            near("tool", Some(project.path()), None),
            [""; 0].map(PathBuf::from)
        );
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        assert_eq!(near("/gone/tool", Some(project.path()), None), [tool]);
    }
}
