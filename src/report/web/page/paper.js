// Paper cannot be unfolded.

/** Unfolds what the scenario assumes while the page is printed. */
export function printWhole() {
  const folded = document.querySelector("#parameters details");
  let before = false;
  addEventListener("beforeprint", () => {
    before = folded?.open;
    folded?.setAttribute("open", "");
  });
  addEventListener("afterprint", () => {
    folded?.toggleAttribute("open", before);
  });
}
