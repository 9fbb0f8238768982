//! Alibaba Cloud and sign-ins to other servers.

use super::*;
use crate::config::model::{AliyunConfig, OAuthConfig, Site};

#[test]
fn a_missing_client_id_is_no_error_and_a_site_brings_its_addresses() {
    let aliyun =
        config(r#"{ "oauth": { "site": "cn", "tokenEndpoint": "https://t.example/token" } }"#)
            .aliyun
            .unwrap();
    assert_eq!(aliyun.client_id, None);
    assert_eq!(
        aliyun.authorization_endpoint,
        "https://signin.aliyun.com/oauth2/v1/auth"
    );
    assert_eq!(aliyun.token_endpoint, "https://t.example/token");
    assert_eq!(
        aliyun.base_url,
        "https://openapi-mcp.cn-hangzhou.aliyuncs.com"
    );
    assert_eq!(aliyun.scope, "/acs/mcp-server");
}

fn aliyun(text: &str, env: &[(&str, &str)]) -> AliyunConfig {
    let loaded = attempt(text, env, Overrides::default()).unwrap();
    assert_eq!(loaded.warnings, []);
    loaded.config.aliyun.unwrap()
}

#[test]
fn both_sites_are_known_with_every_address() {
    for (site, host) in [
        (Site::Intl, "https://oauth.alibabacloud.com/v1"),
        (Site::Cn, "https://oauth.aliyun.com/v1"),
    ] {
        let text = format!(r#"{{ "oauth": {{ "site": "{}" }} }}"#, site.word());
        let account = aliyun(&text, &[]);
        assert_eq!(account.site, Some(site));
        assert_eq!(account.token_endpoint, format!("{host}/token"));
        assert_eq!(account.revocation_endpoint, Some(format!("{host}/revoke")));
        assert_eq!(account.userinfo_endpoint, Some(format!("{host}/userinfo")));
    }
    let former = aliyun(r#"{ "oauth": {} }"#, &[]);
    assert_eq!(
        (
            former.site,
            former.revocation_endpoint,
            former.userinfo_endpoint
        ),
        (None, None, None)
    );
    let written = aliyun(
        r#"{ "oauth": { "tokenEndpoint": "https://oauth.aliyun.com/v1/token" } }"#,
        &[],
    );
    assert_eq!(written.site, Some(Site::Cn), "the addresses tell");
}

#[test]
fn a_token_is_shown_to_nobody_but_who_gave_it() {
    let text = r#"{ "oauth": { "site": "cn" } }"#;
    let account = aliyun(text, &[("OAUTH_TOKEN_ENDPOINT", "https://t.example/token")]);
    assert_eq!(account.token_endpoint, "https://t.example/token");
    assert_eq!(account.revocation_endpoint, None);
    assert_eq!(account.userinfo_endpoint, None);
    let text = r#"{ "oauth": { "site": "cn", "tokenEndpoint": "https://t.example/token",
        "revocationEndpoint": "https://t.example/revoke" } }"#;
    assert_eq!(
        aliyun(text, &[]).revocation_endpoint.as_deref(),
        Some("https://t.example/revoke")
    );
}

#[test]
fn a_site_that_has_moved_is_corrected_in_the_file() {
    let text = r#"{ "oauth": { "site": "intl" },
        "aliyunSites": { "intl": { "tokenEndpoint": "https://new.example/token" } } }"#;
    let account = aliyun(text, &[]);
    assert_eq!(account.token_endpoint, "https://new.example/token");
    assert_eq!(
        account.revocation_endpoint.as_deref(),
        Some("https://oauth.alibabacloud.com/v1/revoke"),
        "the site's others stay"
    );
    assert!(config(r#"{ "aliyunSites": {} }"#).aliyun.is_none());
}

#[test]
fn a_client_id_is_kept_per_site() {
    let id = |keys: &str, env: &[(&str, &str)]| {
        aliyun(&format!(r#"{{ "oauth": {{ {keys} }} }}"#), env).client_id
    };
    let both = r#""clientId": "any", "clientIds": { "intl": "i", "cn": "c" }"#;
    let site = |site: &str| format!(r#"{both}, "site": "{site}""#);
    assert_eq!(id(&site("cn"), &[]).as_deref(), Some("c"));
    assert_eq!(id(&site("intl"), &[]).as_deref(), Some("i"));
    assert_eq!(id(both, &[]).as_deref(), Some("any"));
    assert_eq!(
        id(&site("cn"), &[("OAUTH_CLIENT_ID", "e")]).as_deref(),
        Some("e")
    );
    assert_eq!(
        id(r#""clientIds": { "intl": "i" }"#, &[]).as_deref(),
        Some("i")
    );
    assert_eq!(
        id(r#""clientIds": { "intl": "i" }, "site": "cn""#, &[]),
        None
    );
    assert_eq!(id(r#""clientId": "", "site": "cn""#, &[]), None);
}

#[test]
fn a_service_s_tools_are_named_and_filtered_by_its_alias() {
    let text = r#"{ "mcpServer": { "baseUrl": "https://mcp.example/", "services": { "ecs": "/mcp" }, "token": "t0ps3cret" },
      "pool": { "maxConnections": 4 },
      "mapping": { "ecs": { "prefix": "vm" } }, "toolFilters": { "ecs": { "include": ["list"] } } }"#;
    let loaded = loaded(text);
    assert_eq!(loaded.warnings, []);
    let server = &loaded.config.servers[0];
    assert_eq!(server.naming.prefix, "vm");
    assert_eq!(server.filter.include, Some(vec!["list".to_owned()]));
    assert_eq!(server.pool.max_connections, 4);
    assert!(
        matches!(&server.transport, Transport::Remote { url, .. } if url == "https://mcp.example/mcp")
    );
    assert!(!format!("{:?}", loaded.config).contains("t0ps3cret"));
    assert_eq!(
        attempt(
            text,
            &[("MCP_SERVER_BASE_URL", "http://localhost:9")],
            Overrides::default()
        )
        .unwrap()
        .config
        .servers[0]
            .transport,
        Transport::Remote {
            url: "http://localhost:9/mcp".to_owned(),
            headers: vec![]
        }
    );
}

#[test]
fn a_service_s_path_leads_to_no_other_host() {
    for path in [
        "mcp",
        "@evil.example",
        "/a b",
        r"/a\\b",
        "/a#b",
        "https://e.example/mcp",
        "",
        r"/\u0000",
    ] {
        let text = format!(r#"{{ "mcpServer": {{ "services": {{ "ecs": "{path}" }} }} }}"#);
        assert_eq!(findings(&text), ["1:39 mcpServer.services.ecs E"], "{path}");
    }
}

#[test]
fn a_redirect_is_the_deep_link_or_a_web_address_to_the_letter() {
    let redirect = |text: &str| {
        let text = format!(r#"{{ "oauth": {{ "redirectUri": "{text}" }} }}"#);
        attempt(&text, &[], Overrides::default())
            .ok()
            .and_then(|loaded| loaded.config.aliyun.unwrap().redirect_uri)
    };
    for good in [
        "mcp-gateway://oauth/callback",
        "http://localhost:3000/oauth/callback",
        "https://gw.example.com/oauth/callback",
    ] {
        assert_eq!(redirect(good).as_deref(), Some(good));
    }
    for bad in [
        "mcp-gateway://oauth/",
        "other://oauth/callback",
        "https://gw.example.com/#x",
        "localhost",
        "",
    ] {
        assert_eq!(redirect(bad), None, "{bad}");
    }
}

#[test]
fn what_a_remote_server_wants_is_a_word_or_an_object() {
    let auth = |auth: &str| {
        let text = format!(
            r#"{{ "servers": [{{ "name": "s", "url": "https://x/mcp", "auth": {auth} }}] }}"#
        );
        assert_eq!(findings(&text), [""; 0], "{auth}");
        config(&text).servers[0].auth.clone()
    };
    assert_eq!(auth("null"), Auth::None);
    assert_eq!(auth("\"none\""), Auth::None);
    assert_eq!(auth("\"oauth\""), Auth::OAuth(OAuthConfig::default()));
    assert_eq!(auth("{}"), auth("\"oauth\""));
    assert_eq!(
        auth(r#"{ "type": "none", "clientId": "kept for later" }"#),
        Auth::None
    );
    let full = auth(
        r#"{ "type": "oauth", "clientId": "id", "clientSecret": "hunter2", "scope": "a b", "authorizationServer": "https://as.example", "clientMetadataUrl": "https://me.example/client.json" }"#,
    );
    assert!(!format!("{full:?}").contains("hunter2"));
    assert_eq!(
        full,
        Auth::OAuth(OAuthConfig {
            client_id: Some("id".to_owned()),
            client_secret: Some("hunter2".to_owned()),
            scope: Some("a b".to_owned()),
            authorization_server: Some("https://as.example".to_owned()),
            client_metadata_url: Some("https://me.example/client.json".to_owned()),
        })
    );
    for (auth, expected) in [
        ("\"aliyun\"", "servers[0].auth E"),
        ("true", "servers[0].auth E"),
        (r#"{ "type": "basic" }"#, "servers[0].auth.type E"),
        (
            r#"{ "clientSecret": "x" }"#,
            "servers[0].auth.clientSecret E",
        ),
        (
            r#"{ "authorizationServer": "as" }"#,
            "servers[0].auth.authorizationServer E",
        ),
        (
            r#"{ "clientMetadataUrl": "http://me.example/client.json" }"#,
            "servers[0].auth.clientMetadataUrl E",
        ),
        (
            r#"{ "clientMetadataUrl": "https://me.example/" }"#,
            "servers[0].auth.clientMetadataUrl E",
        ),
        (r#"{ "client_id": "x" }"#, "servers[0].auth.client_id W"),
    ] {
        let text = format!(
            r#"{{ "servers": [{{ "name": "s", "url": "https://x/mcp", "auth": {auth} }}] }}"#
        );
        let found = findings(&text);
        assert_eq!(found.len(), 1, "{auth}: {found:?}");
        assert!(found[0].ends_with(expected), "{auth}: {found:?}");
    }
}
