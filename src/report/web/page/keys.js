// Charts for those who use a keyboard or a screen reader.

/** Lets the arrow keys move along a chart: the tip follows, and what it says is spoken. */
export function followWithKeys(box, svg, name, rows, said) {
  const chart = svg.tagName.toLowerCase() === "svg" ? svg : svg.querySelector("svg:last-of-type");
  // Screen readers pass arrow keys on to what is an application.
  chart.setAttribute("role", "application");
  chart.setAttribute("aria-roledescription", "chart");
  chart.setAttribute("aria-label", `${name}. Arrow keys read the values.`);
  chart.setAttribute("tabindex", "0");
  const voice = document.createElement("div");
  voice.className = "voice";
  voice.setAttribute("aria-live", "polite");
  box.append(voice);
  // Before the first step no place has been read.
  let place = rows.length;
  const steps = {ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity};
  chart.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      chart.dispatchEvent(new PointerEvent("pointerleave", {pointerType: "mouse"}));
      return;
    }
    const step = steps[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    place = Math.min(rows.length - 1, Math.max(0, place + step));
    const frame = chart.getBoundingClientRect();
    const scale = frame.width / chart.viewBox.baseVal.width;
    const x = svg.scale("x").apply(rows[place].x);
    chart.dispatchEvent(
      new PointerEvent("pointermove", {
        pointerType: "mouse",
        clientX: frame.left + x * scale,
        clientY: frame.top + frame.height / 2,
        bubbles: true,
      }),
    );
    voice.textContent = `${name}: ${said(rows[place])}`;
  });
}
