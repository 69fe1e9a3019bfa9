"use strict";
// Where the terminal is, and what to do when its line ends: after quitting say so, else come back once the server does.
const ENDED = 1000;
const TRY_LATER = 1013;
const WAIT_MS = 1000;

function tell(text) {
  document.getElementById("why").textContent = text;
  document.getElementById("told").hidden = false;
}

async function comeBack() {
  try {
    if ((await fetch("/healthz", { cache: "no-store" })).ok) {
      window.location.replace("/");
      return;
    }
  } catch (error) {
    console.log("not yet", error);
  }
  setTimeout(comeBack, WAIT_MS);
}

window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    // Keys are for the app at once, without a click.
    this.addEventListener("open", () => document.querySelector(".xterm-helper-textarea")?.focus());
    this.addEventListener("close", (event) => {
      if (event.code === ENDED) {
        tell("The app has ended.");
      } else if (event.code === TRY_LATER) {
        tell(event.reason);
      } else {
        tell("The server is away; this page comes back by itself.");
        setTimeout(comeBack, WAIT_MS);
      }
    });
  }
};

document.addEventListener("DOMContentLoaded", () => {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  const terminal = document.getElementById("terminal");
  terminal.dataset.sessionWebsocketUrl = `${scheme}://${window.location.host}/web/socket`;
  document.getElementById("again").addEventListener("click", () => window.location.replace("/"));
});
