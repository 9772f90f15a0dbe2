// Inserts placeholders at the cursor and draws the example a moment after the last key; the buttons do both without.
"use strict";
(() => {
  const form = document.querySelector("[data-contoh]");
  if (!form) return;
  const text = form.querySelector("#isi_surat");
  const place = form.querySelector("[data-contoh-tempat]");
  for (const hint of form.querySelectorAll("[data-tanpa-skrip]")) hint.hidden = true;
  for (const button of form.querySelectorAll("[data-sisip]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      text.setRangeText(button.dataset.sisip, text.selectionStart, text.selectionEnd, "end");
      text.focus();
      plan();
    });
  }
  let timer = 0;
  let turn = 0;
  async function draw() {
    const mine = ++turn;
    try {
      const answer = await fetch(form.dataset.contoh, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (!answer.ok || mine !== turn) return;
      place.innerHTML = await answer.text();
    } catch {
      // The office network is away for a moment: the last example stays.
    }
  }
  function plan() {
    clearTimeout(timer);
    timer = setTimeout(draw, 700);
  }
  form.addEventListener("input", plan);
  draw();
})();
