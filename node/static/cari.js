// Shows the list while somebody types. Without it the button does the same.
(function () {
  "use strict";
  var form = document.querySelector("form[data-potongan]");
  if (!form || !window.fetch) { return; }
  var input = form.querySelector("input[type=search]");
  var place = document.getElementById(form.dataset.hasil);
  var timer = 0, asked = 0, last = input.value;
  input.addEventListener("input", function () {
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  function ask() {
    var text = input.value.trim();
    if (text === last || text.length === 1) { return; }
    last = text;
    var mine = ++asked;
    fetch(form.dataset.potongan, { method: "POST", body: new FormData(form), credentials: "same-origin" })
      .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(answer.status); })
      .then(function (html) { if (mine === asked) { place.innerHTML = html; } })
      .catch(function () { /* the button still works */ });
  }
})();
