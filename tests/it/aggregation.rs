//! Several servers behind one endpoint: what they share is told apart, in both eras, and what an
//! endpoint says it has is what is behind it.

mod capabilities;
mod pages;
mod tasks;
mod unlisted;

use serde_json::{Value, json};
use testkit::client::{McpHttp, McpModern};
use testkit::wait::soon;
use testkit::{Answer, Gateway};

use crate::support::{official, setup};

/// A client of either era.
enum Front {
    Legacy(McpHttp),
    Modern(McpModern),
}

impl Front {
    /// One of each at an endpoint.
    async fn both(url: &str) -> [Self; 2] {
        [
            Self::Legacy(McpHttp::connect(url, "{}").await),
            Self::Modern(McpModern::new(url)),
        ]
    }

    async fn call(&self, method: &str, params: &Value) -> Answer {
        match self {
            Self::Legacy(client) => client.call(method, &params.to_string()).await,
            Self::Modern(client) => client.call(method, &params.to_string()).await,
        }
    }

    async fn result(&self, method: &str, params: Value) -> Value {
        read(&self.call(method, &params).await.result())
    }

    /// The value of a member of each item of a list.
    async fn listed(&self, method: &str, list: &str, member: &str) -> Vec<String> {
        let result = self.result(method, json!({})).await;
        let items = result[list].as_array().expect("a list").iter();
        let members = items.map(|item| item[member].as_str().expect("a text").to_owned());
        members.collect()
    }
}

fn read(raw: &str) -> Value {
    serde_json::from_str(raw).expect("JSON")
}

fn qualified(server: &str, own: &str) -> String {
    eras::qualified(own, eras::Tag::of(server)).expect("has a scheme")
}

/// A server that has what all of them have.
fn alike(era: &str) -> Value {
    let links = json!({"content": [
        {"type": "resource_link", "uri": "demo://a", "name": "a"},
        {"type": "resource", "resource": {"uri": "demo://x/7", "text": "demo://a"}},
        {"type": "resource_link", "uri": "other://a", "name": "elsewhere"},
    ]});
    let updated =
        json!({"method": "notifications/resources/updated", "params": {"uri": "demo://a"}});
    json!({
        "era": era,
        "resources": [{"uri": "demo://a", "name": "a"}, {"uri": "ui://page", "name": "page"}],
        "templates": [{"uriTemplate": "demo://x/{id}", "name": "x"}],
        "tools": [
            {
                "name": "links",
                "definition": {"name": "links", "_meta": {"ui": {"resourceUri": "ui://page"}}, "inputSchema": {"type": "object"}},
                "does": [{"result": links}],
            },
            {"name": "update", "does": [{"listenPush": updated}, {"text": "ok"}]},
        ],
    })
}

async fn two_alike(era: &str) -> Gateway {
    let gateway = setup()
        .fake("one", alike(era))
        .fake("two", alike(era))
        .start()
        .await;
    gateway.await_tools("one", 2).await;
    gateway.await_tools("two", 2).await;
    gateway
}

/// What a server was asked last by a method.
fn asked(gateway: &Gateway, server: &str, method: &str) -> Value {
    let received = gateway.journal(server).received_of(method);
    read(received.last().expect("it was asked"))["params"].clone()
}

#[tokio::test]
async fn what_two_servers_share_is_read_and_completed_at_each_of_them() {
    for era in ["legacy", "modern"] {
        let gateway = two_alike(era).await;
        let (a, page) = (qualified("two", "demo://a"), qualified("two", "ui://page"));
        let template = qualified("two", "demo://x/{id}");
        for front in Front::both(&gateway.endpoint).await {
            let uris = front.listed("resources/list", "resources", "uri").await;
            assert_eq!(uris, ["demo://a", "ui://page", &a, &page]);
            let templates = front
                .listed(
                    "resources/templates/list",
                    "resourceTemplates",
                    "uriTemplate",
                )
                .await;
            assert_eq!(templates, ["demo://x/{id}", &template]);

            for (server, uri, own) in [
                ("one", "demo://a", "demo://a"),
                ("two", &a, "demo://a"),
                ("two", &page, "ui://page"),
                ("one", "demo://x/7", "demo://x/7"),
                ("two", &qualified("two", "demo://x/7"), "demo://x/7"),
            ] {
                let read = front.result("resources/read", json!({"uri": uri})).await;
                assert_eq!(read["contents"][0]["uri"], *uri);
                assert_eq!(read["contents"][0]["text"], format!("content of {own}"));
                assert_eq!(asked(&gateway, server, "resources/read")["uri"], own);
            }

            let argument = json!({"name": "id", "value": ""});
            for (server, uri) in [("one", "demo://x/{id}"), ("two", template.as_str())] {
                let reference = json!({"type": "ref/resource", "uri": uri});
                let params = json!({"ref": reference, "argument": argument});
                front.result("completion/complete", params).await;
                let asked = asked(&gateway, server, "completion/complete");
                assert_eq!(asked["ref"]["uri"], "demo://x/{id}");
            }
        }
    }
}

#[tokio::test]
async fn what_nobody_lists_is_asked_of_the_one_server_that_can_have_it() {
    for era in ["legacy", "modern"] {
        let has_resources = json!({
            "era": era,
            "tools": [],
            "resources": [{"uri": "a://a", "name": "a"}],
            "templates": [{"uriTemplate": "t://{id}/x", "name": "x"}],
        });
        let has_none =
            json!({"era": era, "capabilities": {"tools": {}}, "tools": [{"name": "echo"}]});
        let gateway = setup()
            .fake("has", has_resources.clone())
            .fake("other", has_none)
            .start()
            .await;
        gateway.await_any_tools("other").await;
        let text = async |front: &Front, uri: &str| {
            let read = front.result("resources/read", json!({"uri": uri})).await;
            read["contents"][0]["text"].clone()
        };
        let argument = json!({"name": "id", "value": ""});
        let completed = json!({"ref": {"type": "ref/resource", "uri": "nobody://{lists}"}, "argument": argument});
        for path in ["/mcp", "/has/mcp"] {
            for front in Front::both(&format!("{}{path}", gateway.base())).await {
                assert_eq!(text(&front, "t://7/x").await, "content of t://7/x");
                assert_eq!(
                    text(&front, "nobody://lists").await,
                    "content of nobody://lists"
                );
                front.result("completion/complete", completed.clone()).await;
            }
        }
        gateway
            .api()
            .add(&gateway.setup().fake_form("second", has_resources))
            .await
            .saved();
        gateway.await_state("second", "ready").await;
        for front in Front::both(&format!("{}/second/mcp", gateway.base())).await {
            assert_eq!(
                text(&front, "nobody://lists").await,
                "content of nobody://lists"
            );
        }
        let asked = asked(&gateway, "second", "resources/read");
        assert_eq!(asked["uri"], "nobody://lists");
    }
}

#[tokio::test]
async fn links_lead_to_the_server_that_gave_them() {
    for era in ["legacy", "modern"] {
        let gateway = two_alike(era).await;
        for front in Front::both(&gateway.endpoint).await {
            let tools = front.result("tools/list", json!({})).await;
            let page = |name: &str| {
                let mut tools = tools["tools"].as_array().expect("tools").iter();
                let tool = tools
                    .find(|tool| tool["name"] == name)
                    .expect("it is listed");
                tool["_meta"]["ui"]["resourceUri"].clone()
            };
            assert_eq!(page("one_links"), "ui://page");
            assert_eq!(page("two_links"), qualified("two", "ui://page"));

            for (server, link, embedded) in [
                ("one", "demo://a".to_owned(), "demo://x/7".to_owned()),
                (
                    "two",
                    qualified("two", "demo://a"),
                    qualified("two", "demo://x/7"),
                ),
            ] {
                let params = json!({"name": format!("{server}_links"), "arguments": {}});
                let content = front.result("tools/call", params).await["content"].clone();
                assert_eq!(content[0]["uri"], link);
                assert_eq!(content[1]["resource"]["uri"], embedded);
                // What is no link is the server's own text, and not shared is not told apart.
                assert_eq!(content[1]["resource"]["text"], "demo://a");
                assert_eq!(content[2]["uri"], "other://a");
            }
        }
        // At its own endpoint each keeps its own words.
        for front in Front::both(&format!("{}/two/mcp", gateway.base())).await {
            let uris = front.listed("resources/list", "resources", "uri").await;
            assert_eq!(uris, ["demo://a", "ui://page"]);
            let params = json!({"name": "links", "arguments": {}});
            let content = front.result("tools/call", params).await["content"].clone();
            assert_eq!(content[0]["uri"], "demo://a");
        }
    }
}

#[tokio::test]
async fn updates_of_what_is_shared_come_under_the_name_that_was_subscribed_to() {
    for era in ["legacy", "modern"] {
        let gateway = two_alike(era).await;
        let uri = qualified("two", "demo://a");
        let legacy = gateway.client().await;
        let mut told = legacy.listen().await;
        let params = json!({"uri": uri}).to_string();
        legacy.call("resources/subscribe", &params).await.result();
        let modern = McpModern::new(&gateway.endpoint);
        let filter = json!({"resourceSubscriptions": [uri]});
        let mut stream = modern.listen(&filter.to_string()).await;
        let acknowledged = read(&soon("the acknowledgment", stream.message()).await);
        assert_eq!(acknowledged["params"]["notifications"], filter);

        // What the first server says of its own is for nobody.
        modern.tool("one_update", "{}").await.result();
        modern.tool("two_update", "{}").await.result();

        for stream in [&mut told, &mut stream] {
            let message = read(&soon("the update", stream.message()).await);
            assert_eq!(message["method"], "notifications/resources/updated");
            assert_eq!(message["params"]["uri"], uri);
        }
        legacy.call("resources/unsubscribe", &params).await.result();
    }
}

#[tokio::test]
async fn the_official_server_twice_is_read_twice() {
    let mut again = official("everything", &[]);
    again["name"] = json!("again");
    let gateway = setup()
        .server(official("everything", &[]))
        .server(again)
        .start()
        .await;
    gateway.await_any_tools("everything").await;
    gateway.await_any_tools("again").await;
    for front in Front::both(&gateway.endpoint).await {
        let uris = front.listed("resources/list", "resources", "uri").await;
        let (own, others): (Vec<_>, Vec<_>) = uris
            .iter()
            .partition(|uri| eras::unqualified(uri).is_none());
        assert!(!own.is_empty());
        let qualified: Vec<_> = own.iter().map(|uri| qualified("again", uri)).collect();
        assert_eq!(others.into_iter().cloned().collect::<Vec<_>>(), qualified);
        for uri in [own[0], &qualified[0]] {
            let read = front.result("resources/read", json!({"uri": uri})).await;
            assert_eq!(read["contents"][0]["uri"], **uri);
        }
    }
}
