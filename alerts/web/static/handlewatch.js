/* Keys, focus, countdowns. Everything works without this file; nothing here sees text that is masked. */
"use strict";

(() => {
  const body = () => document.body;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // -- focus and speech after a swap ---------------------------------------------------------------

  function arrive() {
    const target = document.querySelector("[data-focus]") || document.querySelector("main h1");
    if (target && !document.querySelector("[autofocus]")) target.focus({ preventScroll: !target.dataset.focus });
    const live = document.getElementById("live");
    if (live && live.dataset.said) setTimeout(() => { live.textContent = live.dataset.said; }, 60);
    startCountdowns();
  }

  // -- countdowns: a reveal hides itself, an undo goes away ---------------------------------------------

  let ticking = 0;

  function startCountdowns() {
    clearInterval(ticking);
    const revealed = document.querySelector("[data-hide-after]");
    let left = revealed ? Number(revealed.dataset.hideAfter) : 0;
    const keep = revealed && revealed.querySelector("[data-keep]");
    const counter = revealed && revealed.querySelector("[data-countdown]");
    let kept = false;
    if (keep) {
      keep.hidden = false;
      keep.addEventListener("click", () => { kept = true; keep.hidden = true; counter.textContent = "Stays until you hide it."; });
    }
    const tick = () => {
      if (revealed && !kept) {
        counter.textContent = `Hides in ${left} s.`;
        if (left-- <= 0) { clearInterval(ticking); location.replace(revealed.dataset.masked); return; }
      }
      for (const form of all("[data-until]")) {
        if (Date.parse(form.dataset.until) < Date.now() - 1000) form.remove();
      }
    };
    if (revealed || document.querySelector("[data-until]")) { tick(); ticking = setInterval(tick, 1000); }
  }

  // -- a usual reason, offered when a verdict is chosen -------------------------------------------------

  function offerReason(radio) {
    const reason = radio.form && radio.form.elements.reason;
    if (!reason || !radio.dataset.usual) return;
    const usual = all("[data-usual]", radio.form).map((other) => other.dataset.usual);
    if (reason.value === "" || usual.includes(reason.value)) reason.value = radio.dataset.usual;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-usual]")) offerReason(event.target);
  });

  // -- keys ---------------------------------------------------------------------------------------------

  const writes = (element) => element instanceof HTMLElement
    && (element.isContentEditable || element.matches("textarea, select, input:not([type=radio], [type=checkbox])"));

  function move(step) {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const current = rows.findIndex((row) => row === document.activeElement || row.getAttribute("aria-current") === "page");
    const next = rows[Math.min(rows.length - 1, Math.max(0, current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step))];
    if (document.querySelector(".desk")) next.click(); else next.focus();
  }

  function press(key) {
    for (const element of all("[data-key]")) {
      if (!element.dataset.key.includes(key) || element.closest("[hidden], dialog:not([open])")) continue;
      if (element.getClientRects().length === 0) continue;
      if (element.matches("input[type=radio]")) {
        element.checked = true;
        element.dispatchEvent(new Event("change", { bubbles: true }));
        element.focus();
      } else if (element.matches("textarea")) {
        element.focus();
        element.select();
      } else {
        const details = element.closest("details");
        element.click();
        if (details && details.open) details.querySelector("input:not([type=hidden])").focus();
      }
      return true;
    }
    return false;
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest && event.target.closest("form") || document.querySelector("[data-decision]");
      const submit = form && (form.querySelector("[data-submit]") || form.querySelector("button"));
      if (submit) { event.preventDefault(); submit.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (writes(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (body().dataset.keys === "off" || document.querySelector("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); openKeys(); return; }
    if (event.key === "j" || event.key === "k") { event.preventDefault(); move(event.key === "j" ? 1 : -1); return; }
    if (event.key.length === 1 && event.key !== " " && press(event.key)) event.preventDefault();
  });

  function openKeys() {
    const dialog = document.getElementById("keys");
    if (dialog) dialog.showModal();
  }

  // -- forms are sent once --------------------------------------------------------------------------------

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (form instanceof HTMLFormElement) for (const button of all("button", form)) button.disabled = true;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt;
    if (form instanceof HTMLFormElement) for (const button of all("button", form)) button.disabled = false;
  });
  document.addEventListener("htmx:sendError", () => {
    const live = document.getElementById("live");
    const notice = document.getElementById("offline") || document.createElement("p");
    notice.id = "offline";
    notice.className = "notice problem";
    notice.textContent = "The server cannot be reached. Nothing was saved; what you typed is still here. Try again.";
    document.getElementById("main").prepend(notice);
    if (live) live.textContent = notice.textContent;
  });
  // A refreshed list must not take the focus away from under somebody.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target && event.detail.target.id === "rows" && event.detail.target.contains(document.activeElement)) {
      event.detail.shouldSwap = false;
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === body() || event.detail.boosted || event.target === body()) arrive();
  });
  document.addEventListener("DOMContentLoaded", arrive);
})();
