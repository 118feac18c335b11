// Light, dark, or as the system has it.

const THEMES = ["auto", "light", "dark"];

export function chooseTheme(select) {
  select.hidden = false;
  select.addEventListener("change", () => {
    const theme = THEMES.includes(select.value) ? select.value : "auto";
    if (theme === "auto") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme;
    }
  });
}
