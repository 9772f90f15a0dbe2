// When the office computer is out of reach, a form keeps its text: it is sent only after the computer has answered, and
// what was typed is kept in this tab until it has arrived. Without scripts forms work as ever.
(function () {
  "use strict";
  var AWALAN = "sipande.isian.", MENUNGGU_MS = 8000;
  // Numbers of people, secrets, and free searches are never kept: whole names alone, "pin" is not "pindah".
  var RAHASIA = /(^|[_-])(nik|no_kk|sandi|pin|kode$|teks|kunci)([_-]|$)/i;
  var DERET = /\d(?:[\s.\-]{0,3}\d){14,}/g, LAHIR = /^[1-9]\d{5}([04][1-9]|[1256]\d|[37][01])(0[1-9]|1[0-2])/;
  var DIHAPUS = "[nomor dihapus]";
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

  // What somebody else left in this tab goes; so does what was saved: its answer led to another page. A page that is
  // the answer itself shows what was typed and not saved.
  var datang = performance.getEntriesByType ? performance.getEntriesByType("navigation")[0] : null;
  var jawaban = badan.hasAttribute("data-jawaban"), dijawab = !jawaban && datang && datang.redirectCount > 0;
  if (simpanan && pemakai) {
    daftar().forEach(function (kunci) {
      var isi = baca(kunci);
      if (!isi || kunci.indexOf(AWALAN + pemakai + " ") !== 0 || (isi.terkirim && dijawab)) { simpanan.removeItem(kunci); }
    });
  }

  function pilihan(e) { return e.tagName === "SELECT" || e.type === "checkbox" || e.type === "radio"; }
  function rahasia(e) { return e.hasAttribute("data-rahasia") || (!pilihan(e) && RAHASIA.test(e.name)); }
  function semuaBidang(form) {
    return Array.prototype.filter.call(form.elements, function (e) {
      return e.name && !e.disabled && (pilihan(e) || e.tagName === "TEXTAREA"
        || (e.tagName === "INPUT" && /^(text|tel|email|number|date)$/.test(e.type)));
    });
  }
  function bidang(form) { return semuaBidang(form).filter(function (e) { return !rahasia(e); }); }

  // Takes the numbers of people out of a text and leaves the rest, also where a telephone number stands by a date.
  function tanpaNomor(nilai) {
    if (typeof nilai !== "string") { return nilai; }
    var bersih = nilai.replace(DERET, function (deret) {
      var angka = deret.replace(/\D/g, ""), kelompok = deret.split(/(\D+)/);
      if (/\d{15}/.test(deret) && kelompok.length === 1) { return DIHAPUS; }
      if (angka.length < 18 && angka[0] !== "0") { return DIHAPUS; }
      for (var dari = 0; dari < kelompok.length; dari += 2) {
        for (var sampai = dari, isi = ""; sampai < kelompok.length && isi.length < 16; sampai += 2) {
          isi += kelompok[sampai];
          if ((sampai === dari && isi.length > 14) || (isi.length === 16 && LAHIR.test(isi))) {
            kelompok.splice(dari, sampai - dari + 1, DIHAPUS);
            break;
          }
        }
      }
      return kelompok.join("");
    });
    return bersih !== nilai && !/[^\s.\-]/.test(bersih.split(DIHAPUS).join("")) ? "" : bersih;
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

  // What each form was before it was sent and answered with a page of its own.
  var dasarnya = {};
  // Keeps what was changed; of a form that is empty with each opening everything, as it is.
  function catat(form, kunci, terkirim) {
    if (!simpanan || !pemakai) { return; }
    var isi = {}, ada = false, kurang = [], baru = form.dataset.buka, dasar = dasarnya[kunci] || {};
    semuaBidang(form).forEach(function (e) {
      var nilai = kini(e), bersih = tanpaNomor(nilai), asal = tanpaNomor(semula(e)), diketik = nilai !== semula(e);
      if (rahasia(e) || bersih !== nilai) {
        if (nilai && (diketik || jawaban)) { kurang.push(judul(e)); }
      }
      if (rahasia(e)) { return; }
      if (nama(e) in dasar) { asal = dasar[nama(e)]; }
      if (bersih !== asal || baru) { isi[nama(e)] = [asal, bersih]; }
      if (bersih !== asal || (baru && jawaban)) { ada = true; }
    });
    if (ada) { tulis(kunci, { isi: isi, terkirim: terkirim, kurang: kurang, buka: baru }); }
    else { simpanan.removeItem(kunci); }
  }
  function judul(e) {
    var label = e.labels && e.labels[0];
    return label && label.firstChild ? label.firstChild.textContent.trim() : "nomor";
  }

  function kembalikan(form, kunci) {
    var kept = simpanan && pemakai ? baca(kunci) : null, ada = false;
    if (jawaban) {
      dasarnya[kunci] = {};
      Object.keys(kept ? kept.isi : {}).forEach(function (name) { dasarnya[kunci][name] = kept.isi[name][0]; });
      if (kept || form.dataset.buka) { catat(form, kunci, false); }
      return;
    }
    if (!kept || (kept.terkirim && datang && datang.type === "navigate")) { return; }
    if (kept.buka && kept.buka !== form.dataset.buka && kept.buka !== location.pathname + location.search) {
      // With room for all of them it is drawn by the server; who has opened it for another family goes on with that.
      if (!location.search && kept.buka.indexOf(location.pathname + "?") === 0) { location.replace(kept.buka); }
      return;
    }
    bidang(form).forEach(function (e) {
      var lama = kept.isi[nama(e)];
      // Somebody has changed it meanwhile: then the newer value stays.
      if (lama && (kept.buka || lama[0] === tanpaNomor(semula(e)))) { isikan(e, lama[1]); ada = true; }
    });
    if (!ada) { return; }
    var kurang = (kept.kurang || []).filter(function (name, at, all) { return all.indexOf(name) === at; });
    var nomor = kurang.length ? "NIK, nomor KK, dan kode tidak ikut disimpan; ketik lagi di: " + kurang.join(", ") + ". " : "";
    var pesan = kabar("Isian terakhir Anda dikembalikan. " + nomor, "pesan", "status");
    var buang = document.createElement("button");
    buang.type = "button";
    buang.className = "tombol tombol-kedua tombol-kecil";
    buang.textContent = "Buang isian itu";
    buang.addEventListener("click", function () {
      form.reset();
      simpanan.removeItem(kunci);
      pesan.remove();
      var awal = location.search.replace(/([?&])jumlah=\d+&?/, "$1").replace(/[?&]$/, "");
      if (kept.buka && awal !== location.search) { location.assign(location.pathname + awal); }
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

  // The answer may stand at another address than the form: there it goes on with what was kept of it.
  function carikan(akhir) {
    var sendiri = AWALAN + pemakai + " " + location.pathname + akhir;
    return (jawaban && pemakai && daftar().filter(function (kunci) {
      var isi = kunci.slice(-akhir.length) === akhir ? baca(kunci) : null;
      return isi && isi.terkirim;
    })[0]) || sendiri;
  }

  var urutan = {};
  document.querySelectorAll("main form[method=post]").forEach(function (form) {
    var alamat = form.getAttribute("action") || location.pathname;
    urutan[alamat] = (urutan[alamat] || 0) + 1;
    var kunci = carikan(" " + alamat + " " + urutan[alamat]);
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
