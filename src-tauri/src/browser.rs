//! The system's browser, for what happens outside of the window.

use gateway::words::Words;
use tauri::Url;

use crate::desktop::Refusal;

/// No sign-in's address comes near.
const LONGEST: usize = 16 << 10;

/// Opens the page on which a sign-in begins in the user's browser.
#[tauri::command(async)]
pub(crate) fn open_sign_in(url: String) -> Result<(), Refusal> {
    let url = page(&url).ok_or_else(no_page)?;
    let opened = tauri_plugin_opener::open_url(url.as_str(), None::<&str>);
    // The error may name the address, which carries the sign-in's state: it is not logged.
    opened.map_err(|_| no_browser().into())
}

/// The address of a page in the web; nothing for what a browser or the desktop would start a
/// program for.
fn page(url: &str) -> Option<Url> {
    if url.len() > LONGEST {
        return None;
    }
    let url = Url::parse(url).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn no_page() -> Words {
    Words::new(
        "The sign-in page was not opened, because its address is not one of the web (http or https). \
         Check the authorization address in the configuration.",
        "未打开登录页面：地址不是网页地址（http 或 https）。请检查配置中的授权地址。",
    )
}

fn no_browser() -> Words {
    Words::new(
        "The browser could not be opened. Copy the sign-in's address and open it yourself.",
        "无法打开浏览器。请复制登录地址，自行在浏览器中打开。",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_web_are_opened() {
        for good in [
            "https://signin.alibabacloud.com/oauth2/v1/auth?state=a%20b",
            "http://127.0.0.1:8080/authorize",
        ] {
            assert_eq!(page(good).map(String::from).as_deref(), Some(good));
        }
        let long = format!("https://x/{}", "y".repeat(LONGEST));
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "mcp-gateway://oauth/callback?code=1",
            "/bin/sh",
            "--help",
            "",
            &long,
        ] {
            assert_eq!(page(bad), None, "{bad}");
        }
    }
}
