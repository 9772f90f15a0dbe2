// Keeps the shell of the app: static files and the page for when the office is out of reach. Never a page with data.
"use strict";
var NAMA = "sipande-{{ version }}";
var KULIT = {{ paths|tojson }};
var TAK_TERJANGKAU = {{ page|tojson }};

self.addEventListener("install", function (event) {
  event.waitUntil(caches.open(NAMA).then(function (cache) {
    return Promise.all(KULIT.map(function (path) {
      return fetch(path, { credentials: "omit", cache: "no-cache" }).then(function (answer) {
        if (!answer.ok || answer.redirected || /no-store/.test(answer.headers.get("Cache-Control") || "")) {
          throw new Error(path);
        }
        return cache.put(path, answer);
      });
    }));
  }).then(function () { return self.skipWaiting(); }));
});

self.addEventListener("activate", function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.filter(function (name) {
      return name.indexOf("sipande-") === 0 && name !== NAMA;
    }).map(function (name) { return caches.delete(name); }));
  }).then(function () { return self.clients.claim(); }));
});

self.addEventListener("fetch", function (event) {
  var request = event.request, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) { return; }
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(function () {
      return caches.match(TAK_TERJANGKAU).then(function (kept) { return kept || Response.error(); });
    }));
  } else if (KULIT.indexOf(url.pathname + url.search) >= 0 && url.pathname !== TAK_TERJANGKAU) {
    event.respondWith(caches.match(request).then(function (kept) { return kept || fetch(request); }));
  }
});
