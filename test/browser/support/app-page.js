/** The script of an app that uses remoteStorage.js. Its options are in the path of the page. */

const [, , mode, moduleName, level] = location.pathname.split("/");
const base = moduleName === "*" ? "/" : `/${moduleName}/`;

window.remoteStorage = new RemoteStorage({
  cache: mode !== "direct",
  changeEvents: { local: false, window: false, remote: true, conflict: true },
});
remoteStorage.access.claim(moduleName, level);
if (mode !== "direct") {
  remoteStorage.caching.enable(base);
  if (base !== "/") remoteStorage.caching.enable(`/public${base}`);
  if (mode === "cached") {
    // The shortest interval that both releases allow.
    remoteStorage.setSyncInterval(2000);
    remoteStorage.setBackgroundSyncInterval(2000);
  }
}

window.documents = remoteStorage.scope(base);
window.publicDocuments = remoteStorage.scope(`/public${base}`);
documents.declareType("note", { type: "object", properties: { text: { type: "string" } } });

/** The events so far, for the tests. */
window.events = [];
for (const name of ["connected", "not-connected", "disconnected", "sync-done", "network-offline"]) {
  remoteStorage.on(name, () => events.push({ name }));
}
remoteStorage.on("error", (error) => {
  events.push({ name: "error", error: error.name, code: error.code, message: error.message });
});
for (const client of [documents, publicDocuments]) {
  client.on("change", ({ origin, relativePath, oldValue, newValue, lastCommonValue }) => {
    events.push({ name: "change", origin, relativePath, oldValue, newValue, lastCommonValue });
  });
}

new Widget(remoteStorage, { leaveOpen: true }).attach("widget");
