// When the office computer is out of reach, a form keeps its text: it is sent only after the computer has answered, and
// what was typed is kept in this tab until it has arrived. Without scripts forms work as ever.
(function () {
  "use strict";
  var AWALAN = "sipande.isian.", MENUNGGU_MS = 8000;
  // Long numbers of people, secrets, and free searches are never kept.
  var RAHASIA = /(^|_)(nik|no_kk|sandi|pin|kode|token|teks|kunci)/i, NOMOR = /\d(?:[\s.\-]?\d){14}/;
  var badan = document.documentElement, pemakai = badan.dataset.pemakai || "";
  var simpanan = null;
  try { simpanan = window.sessionStorage; simpanan.getItem(AWALAN); } catch (e) { simpanan = null; }

  if (window.isSecureContext && "serviceWorker" in navigator) {
    navigator.serviceWorker.register("/pekerja.js").catch(function () { /* the pages work without it */ });
  }

  function daftar() {
    var found = [];
    for (var i = 0; simpanan && i < simpanan.length; i++) {
      if (simpanan.key(i).indexOf(AWALAN) === 0) { found.push(simpanan.key(i)); }
    }
    return found;
  }
  function baca(kunci) {
    try { return JSON.parse(simpanan.getItem(kunci)); } catch (e) { return null; }
  }
  function tulis(kunci, isi) {
    try { simpanan.setItem(kunci, JSON.stringify(isi)); } catch (e) { /* full or forbidden: then it is not kept */ }
  }

  // What somebody else left in this tab goes; so does what has arrived: its answer was a page, or led to one.
  var datang = performance.getEntriesByType ? performance.getEntriesByType("navigation")[0] : null;
  var dijawab = badan.hasAttribute("data-jawaban") || (datang && datang.redirectCount > 0);
  if (simpanan && pemakai) {
    daftar().forEach(function (kunci) {
      var isi = baca(kunci);
      if (!isi || kunci.indexOf(AWALAN + pemakai + " ") !== 0 || (isi.terkirim && dijawab)) { simpanan.removeItem(kunci); }
    });
  }

  function bidang(form) {
    return Array.prototype.filter.call(form.elements, function (e) {
      return e.name && !e.disabled && !RAHASIA.test(e.name) && !e.hasAttribute("data-rahasia")
        && (e.tagName === "SELECT" || e.tagName === "TEXTAREA"
            || (e.tagName === "INPUT" && /^(text|tel|email|number|date|checkbox|radio)$/.test(e.type)));
    });
  }
  function nama(e) { return e.type === "checkbox" || e.type === "radio" ? e.name + "=" + e.value : e.name; }
  function semula(e) {
    if (e.type === "checkbox" || e.type === "radio") { return e.defaultChecked; }
    if (e.tagName !== "SELECT") { return e.defaultValue; }
    var pilihan = Array.prototype.filter.call(e.options, function (o) { return o.defaultSelected; });
    return pilihan.length ? pilihan[0].value : (e.options[0] || { value: "" }).value;
  }
  function kini(e) { return e.type === "checkbox" || e.type === "radio" ? e.checked : e.value; }
  function isikan(e, nilai) {
    if (e.type === "checkbox" || e.type === "radio") { e.checked = nilai; } else { e.value = nilai; }
  }

  function catat(form, kunci, terkirim) {
    if (!simpanan || !pemakai) { return; }
    var isi = {}, ada = false;
    bidang(form).forEach(function (e) {
      if (kini(e) !== semula(e) && !NOMOR.test(String(kini(e)))) { isi[nama(e)] = [semula(e), kini(e)]; ada = true; }
    });
    if (ada) { tulis(kunci, { isi: isi, terkirim: terkirim }); } else { simpanan.removeItem(kunci); }
  }

  function kembalikan(form, kunci) {
    var kept = simpanan && pemakai && !badan.hasAttribute("data-jawaban") ? baca(kunci) : null, ada = false;
    if (!kept || (kept.terkirim && datang && datang.type === "navigate")) { return; }
    bidang(form).forEach(function (e) {
      var lama = kept.isi[nama(e)];
      // Somebody has changed it meanwhile: then the newer value stays.
      if (lama && lama[0] === semula(e)) { isikan(e, lama[1]); ada = true; }
    });
    if (!ada) { return; }
    var nomor = form.querySelector("[data-rahasia], [name=no_kk]") ? "NIK dan nomor KK tidak ikut; ketik lagi. " : "";
    var pesan = kabar("Isian terakhir Anda dikembalikan. " + nomor, "pesan", "status");
    var buang = document.createElement("button");
    buang.type = "button";
    buang.className = "tombol tombol-kedua tombol-kecil";
    buang.textContent = "Buang isian itu";
    buang.addEventListener("click", function () {
      form.reset();
      simpanan.removeItem(kunci);
      pesan.remove();
    });
    pesan.appendChild(buang);
    form.insertBefore(pesan, form.firstChild);
  }

  function kabar(tulisan, kelas, peran) {
    var pesan = document.createElement("p");
    pesan.className = kelas;
    pesan.setAttribute("role", peran);
    pesan.textContent = tulisan;
    return pesan;
  }

  var DI_SINI = ["localhost", "127.0.0.1", "[::1]"].indexOf(location.hostname) >= 0;

  function tanya() {
    var henti = window.AbortController ? new AbortController() : null;
    var jam = setTimeout(function () { if (henti) { henti.abort(); } }, MENUNGGU_MS);
    return fetch("/terjangkau", { cache: "no-store", credentials: "omit", redirect: "error",
                                  signal: henti ? henti.signal : undefined })
      .then(function (answer) { if (answer.status !== 204) { throw new Error("bukan komputer kantor"); } })
      .finally(function () { clearTimeout(jam); });
  }

  function jaga(form, kunci) {
    var boleh = false, bertanya = false, pesan = null;
    form.addEventListener("submit", function (event) {
      if (event.defaultPrevented) { return; }
      // On the office computer itself nothing can drop between the page and the program.
      if (boleh || (DI_SINI && navigator.onLine)) {
        boleh = false;
        catat(form, kunci, true);
        return;
      }
      event.preventDefault();
      if (bertanya) { return; }
      bertanya = true;
      var tombol = event.submitter || null;
      tanya().then(function () {
        if (pesan) { pesan.remove(); pesan = null; }
        boleh = true;
        form.requestSubmit(tombol || undefined);
        boleh = false;
      }, function () {
        if (!pesan) {
          pesan = kabar("Belum terkirim: komputer kantor tidak terjangkau. Isian tetap di sini. Periksa Wi-Fi, lalu tekan"
            + " tombolnya lagi.", "pesan pesan-salah belum-terkirim", "alert");
        }
        var baris = tombol && tombol.closest(".lengket");
        if (baris) { baris.insertBefore(pesan, baris.firstChild); }
        else if (tombol) { (tombol.closest(".deret") || tombol).before(pesan); }
        else { form.appendChild(pesan); }
        pesan.scrollIntoView({ block: "nearest" });
      }).finally(function () { bertanya = false; });
    });
  }

  var urutan = {};
  document.querySelectorAll("main form[method=post]").forEach(function (form) {
    var alamat = form.getAttribute("action") || location.pathname;
    urutan[alamat] = (urutan[alamat] || 0) + 1;
    var kunci = AWALAN + pemakai + " " + location.pathname + " " + alamat + " " + urutan[alamat];
    var berisi = Array.prototype.some.call(form.elements, function (e) {
      return e.tagName === "SELECT" || e.tagName === "TEXTAREA" || (e.tagName === "INPUT" && e.type !== "hidden");
    });
    if (!berisi || !form.requestSubmit || !window.fetch) { return; }
    jaga(form, kunci);
    if (form.getAttribute("role") === "search" || form.dataset.potongan) { return; }
    kembalikan(form, kunci);
    form.addEventListener("input", function () { catat(form, kunci, false); });
    form.addEventListener("change", function () { catat(form, kunci, false); });
  });
  var keluar = document.querySelector("form.akun");
  if (keluar) {
    keluar.addEventListener("submit", function () {
      daftar().forEach(function (kunci) { simpanan.removeItem(kunci); });
    });
  }
})();
