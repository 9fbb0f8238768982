//! A browser without a screen, for sign-in stories: it keeps cookies, follows redirects, fills in
//! forms, and stops where a page sends it to an application. It insists on what real browsers
//! insist on: a cookie's path and `SameSite`, `Secure`, and `form-action` of a content security
//! policy also for the redirects after a form; it says `Origin: null` where pages ask for no referrer.

mod cookies;
mod form;
mod html;
mod policy;

use reqwest::Method;
use reqwest::header::{self, HeaderValue};
use url::Url;

use crate::answer::Answer;
use crate::wait::soon;

use cookies::{Cookies, Visit};
pub use form::{Button, Form};

const HOPS: usize = 20;

/// A browser with cookies of its own. Clones share connections, not cookies.
#[derive(Debug, Clone)]
pub struct Browser {
    http: reqwest::Client,
    cookies: Cookies,
    applications: Vec<String>,
    proxy: Option<Proxy>,
    language: String,
}

/// What ends TLS in front of a server: requests to one address go to another as they are.
#[derive(Debug, Clone)]
struct Proxy {
    public: Url,
    inside: Url,
}

/// A page that was shown.
#[derive(Debug)]
pub struct Page {
    /// Where it is.
    pub url: Url,
    /// What came.
    pub answer: Answer,
}

/// Where a click led.
#[derive(Debug)]
pub enum Arrived {
    /// A page of a website.
    Page(Page),
    /// An application: a scheme of its own, or an address that was named as one. Nothing was sent there.
    Application(Url),
}

// === impl Browser ===

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// Nobody is signed in anywhere.
    pub fn new() -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without TLS roots can be built");
        Self {
            http,
            cookies: Cookies::default(),
            applications: Vec::new(),
            proxy: None,
            language: "en".to_owned(),
        }
    }

    /// Addresses that begin like this belong to an application, such as an MCP client's loopback redirect.
    #[must_use]
    pub fn application(mut self, address: impl Into<String>) -> Self {
        self.applications.push(address.into());
        self
    }

    /// A reverse proxy answers at `public`, such as `https://gw.example.com`, for the server at
    /// `inside`.
    ///
    /// # Panics
    /// If these are no addresses.
    #[must_use]
    pub fn proxied(mut self, public: &str, inside: &str) -> Self {
        let read = |address: &str| Url::parse(address).unwrap_or_else(|e| panic!("{address}: {e}"));
        self.proxy = Some(Proxy {
            public: read(public),
            inside: read(inside),
        });
        self
    }

    /// What its user reads, as in `Accept-Language`.
    #[must_use]
    pub fn language(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// Opens an address as if it had been typed.
    ///
    /// # Panics
    /// If it is none, or redirects do not end.
    pub async fn open(&mut self, address: &str) -> Arrived {
        let url = Url::parse(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        self.travel(Method::GET, url, None, None).await
    }

    /// Submits a form of a page by its first button, with these fields filled in.
    ///
    /// # Panics
    /// If the page forbids it, or a field is not in the form.
    pub async fn submit(&mut self, page: &Page, form: &Form, fields: &[(&str, &str)]) -> Arrived {
        self.send(page, form, form.buttons.first(), fields).await
    }

    /// Presses the button of a page that has this name and value.
    ///
    /// # Panics
    /// If there is none, or the page forbids it.
    pub async fn press(&mut self, page: &Page, name: &str, value: &str) -> Arrived {
        let forms = page.forms();
        let is_it =
            |button: &&Button| button.name.as_deref() == Some(name) && button.value == value;
        let found = forms
            .iter()
            .find_map(|form| Some((form, form.buttons.iter().find(is_it)?)));
        let (form, button) =
            found.unwrap_or_else(|| panic!("no button {name}={value} in {page:?}"));
        self.send(page, form, Some(button), &[]).await
    }

    /// Presses the first button, or follows the first link, that says this.
    ///
    /// # Panics
    /// If there is none, or the page forbids it.
    pub async fn click(&mut self, page: &Page, label: &str) -> Arrived {
        let forms = page.forms();
        let says = |button: &&Button| button.label.contains(label);
        let button = forms
            .iter()
            .find_map(|form| Some((form, form.buttons.iter().find(says)?)));
        if let Some((form, button)) = button {
            return self.send(page, form, Some(button), &[]).await;
        }
        let mut links = page.links().into_iter();
        let link = links.find(|(_, text)| text.contains(label));
        let (url, _) = link.unwrap_or_else(|| panic!("nothing says {label:?} in {page:?}"));
        self.travel(Method::GET, url, None, Some(page)).await
    }

    async fn send(
        &mut self,
        page: &Page,
        form: &Form,
        button: Option<&Button>,
        fields: &[(&str, &str)],
    ) -> Arrived {
        let action = page.url.join(&form.action);
        let mut url = action.unwrap_or_else(|error| panic!("{}: {error}", form.action));
        let body = form.encoded(button, fields);
        if form.method == "post" {
            return self.travel(Method::POST, url, Some(body), Some(page)).await;
        }
        url.set_query(Some(&body));
        self.travel(Method::GET, url, None, Some(page)).await
    }

    /// Follows the page's own wish to be loaded again, at once; `None` where it has none.
    pub async fn refresh(&mut self, page: &Page) -> Option<Arrived> {
        let url = page.refresh()?;
        Some(self.travel(Method::GET, url, None, Some(page)).await)
    }

    /// Signs in at the fake Alibaba Cloud's pages, and allows what is asked there.
    ///
    /// # Panics
    /// If these are not its pages.
    pub async fn sign_in(&mut self, arrived: Arrived, user: &str) -> Arrived {
        let login = arrived.page();
        let form = login.form("login");
        let consent = self.submit(&login, &form, &[("user", user)]).await.page();
        self.press(&consent, "decision", "allow").await
    }

    async fn travel(
        &mut self,
        method: Method,
        url: Url,
        body: Option<String>,
        from: Option<&Page>,
    ) -> Arrived {
        let (mut method, mut url, mut body) = (method, url, body);
        let by_form = from.filter(|_| body.is_some());
        // Once the way has led over another site, coming back does not make it the site's own.
        let mut same_site = true;
        for _ in 0..HOPS {
            if let Some(page) = by_form {
                policy::form_action(page, &url);
            }
            if self.is_application(&url) {
                return Arrived::Application(url);
            }
            same_site &= from.is_none_or(|page| page.url.host_str() == url.host_str());
            let visit = Visit {
                url: &url,
                same_site,
                safe: method == Method::GET,
            };
            let mut request = self.request(method.clone(), &url);
            request = request
                .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
                .header(header::ACCEPT_LANGUAGE, &self.language)
                .header("sec-fetch-mode", "navigate")
                .header("sec-fetch-dest", "document")
                .header("sec-fetch-site", fetch_site(from, &url));
            if let Some(cookies) = self.cookies.header(&visit) {
                request = request.header(header::COOKIE, cookies);
            }
            if let Some(body) = &body {
                let origin = from.map_or_else(|| "null".to_owned(), Page::origin_of_forms);
                request = request
                    .header(header::ORIGIN, origin)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(body.clone());
            }
            let sent = soon("a page", request.send()).await;
            let answer = Answer::read(sent.unwrap_or_else(|error| panic!("{url}: {error}"))).await;
            for cookie in answer.headers.get_all(header::SET_COOKIE) {
                self.cookies.set(&url, &text(cookie));
            }
            let Some(next) = redirect(&url, &answer) else {
                return Arrived::Page(Page { url, answer });
            };
            if !matches!(answer.status, 307 | 308) {
                (method, body) = (Method::GET, None);
            }
            url = next;
        }
        panic!("more than {HOPS} redirects, the last one to {url}");
    }

    fn request(&self, method: Method, url: &Url) -> reqwest::RequestBuilder {
        let proxied = |proxy: &&Proxy| proxy.public.origin() == url.origin();
        let Some(proxy) = self.proxy.as_ref().filter(proxied) else {
            return self.http.request(method, url.clone());
        };
        let mut inside = proxy.inside.clone();
        inside.set_path(url.path());
        inside.set_query(url.query());
        let host = url.host_str().unwrap_or_default();
        self.http
            .request(method, inside)
            .header(header::HOST, host)
            .header("x-forwarded-for", "203.0.113.9")
            .header("x-forwarded-proto", "https")
    }

    fn is_application(&self, url: &Url) -> bool {
        let named = |address: &String| url.as_str().starts_with(address.as_str());
        !matches!(url.scheme(), "http" | "https") || self.applications.iter().any(named)
    }

    /// The value of a cookie that an address would get, for stories about cookies.
    pub fn cookie(&self, address: &str, name: &str) -> Option<String> {
        let url = Url::parse(address).ok()?;
        self.cookies.value(&url, name)
    }
}

// === impl Page ===

impl Page {
    /// Its forms.
    pub fn forms(&self) -> Vec<Form> {
        form::forms(&self.answer.body)
    }

    /// The form with this id.
    ///
    /// # Panics
    /// If there is none.
    pub fn form(&self, id: &str) -> Form {
        let mut forms = self.forms().into_iter();
        let found = forms.find(|form| form.id.as_deref() == Some(id));
        found.unwrap_or_else(|| panic!("no form {id} in {self:?}"))
    }

    /// Where its links lead, and what they say.
    pub fn links(&self) -> Vec<(Url, String)> {
        html::links(&self.answer.body)
            .into_iter()
            .filter_map(|(link, text)| Some((self.url.join(&link).ok()?, text)))
            .collect()
    }

    /// What a reader sees: its text, without tags.
    pub fn text(&self) -> String {
        html::text(&self.answer.body)
    }

    /// Where it wants to be loaded again, by a header or an element.
    pub fn refresh(&self) -> Option<Url> {
        let header = self.answer.headers.get(header::REFRESH).map(text);
        let said = header.or_else(|| html::refresh(&self.answer.body))?;
        let target = said.split_once(';').map_or("", |(_, rest)| rest.trim());
        let target = target
            .get(..4)
            .filter(|start| start.eq_ignore_ascii_case("url="))
            .map_or("", |_| &target[4..]);
        let target = target.trim_matches(['"', '\'', ' ']);
        match target {
            "" => Some(self.url.clone()),
            target => self.url.join(target).ok(),
        }
    }

    /// What browsers say as `Origin` when one of its forms is posted (Fetch, "append a request `Origin` header").
    fn origin_of_forms(&self) -> String {
        let policy = self.answer.header("referrer-policy");
        let last = policy.rsplit(',').next().unwrap_or_default().trim();
        match last.eq_ignore_ascii_case("no-referrer") {
            true => "null".to_owned(),
            false => self.url.origin().ascii_serialization(),
        }
    }
}

// === impl Arrived ===

impl Arrived {
    /// The page.
    ///
    /// # Panics
    /// If it is an application.
    pub fn page(self) -> Page {
        match self {
            Self::Page(page) => page,
            Self::Application(url) => panic!("no page, but an application at {url}"),
        }
    }

    /// What was to be sent to the application.
    ///
    /// # Panics
    /// If it is a page.
    pub fn application(self) -> Url {
        match self {
            Self::Application(url) => url,
            Self::Page(page) => panic!("no application, but {page:#?}"),
        }
    }
}

/// A parameter of an address.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn redirect(from: &Url, answer: &Answer) -> Option<Url> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer.header("location");
    let next = from.join(location);
    Some(next.unwrap_or_else(|error| panic!("{from} redirects to {location:?}: {error}")))
}

fn fetch_site(from: Option<&Page>, to: &Url) -> &'static str {
    match from {
        None => "none",
        Some(page) if page.url.origin() == to.origin() => "same-origin",
        Some(page) if page.url.host_str() == to.host_str() => "same-site",
        Some(_) => "cross-site",
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
