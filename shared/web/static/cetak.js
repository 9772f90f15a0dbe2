// Shows the button that prints; without scripts the menu of the browser does the same.
for (const button of document.querySelectorAll("[data-cetak]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
