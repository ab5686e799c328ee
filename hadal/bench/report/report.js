"use strict";
(() => {
  const filters = document.getElementById("filters");
  const openAll = document.getElementById("open-all");
  const details = [...document.querySelectorAll("details")];
  let showAll = () => {};

  if (filters) {
    const rows = [...document.querySelectorAll("tbody tr[data-verdict]")];
    const buttons = [...filters.querySelectorAll("button[data-group]")];
    const clear = document.getElementById("clear");
    const shown = document.getElementById("shown");
    const pressed = (button) => button.getAttribute("aria-pressed") === "true";

    // Within a group any of the pressed values will do; every group that has one must agree.
    const matches = (element) =>
      ["verdict", "domain", "module"].every((group) => {
        const wanted = buttons.filter((b) => b.dataset.group === group && pressed(b));
        return wanted.length === 0 || wanted.some((b) => b.dataset.value === element.dataset[group]);
      });
    const apply = () => {
      for (const element of [...rows, ...details]) element.hidden = !matches(element);
      const visible = rows.filter((row) => !row.hidden).length;
      shown.textContent = `${visible} of ${rows.length} cases shown`;
      clear.hidden = !buttons.some(pressed);
    };
    for (const button of buttons) {
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(!pressed(button)));
        apply();
      });
    }
    showAll = () => {
      for (const button of buttons) button.setAttribute("aria-pressed", "false");
      apply();
    };
    clear.addEventListener("click", () => {
      showAll();
      buttons[0]?.focus();
    });
    filters.hidden = false;
    apply();
  }

  // A link to a case opens it, though a filter hides it.
  const openTarget = () => {
    const target = details.find((element) => "#" + element.id === location.hash);
    if (target) {
      if (target.hidden) showAll();
      target.open = true;
      target.querySelector("summary").focus();
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  if (openAll) {
    openAll.hidden = false;
    openAll.addEventListener("click", () => {
      const open = openAll.getAttribute("aria-pressed") !== "true";
      for (const element of details) element.open = open;
      openAll.setAttribute("aria-pressed", String(open));
    });
  }

  // Paper has nothing to click on.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = details.filter((element) => !element.open);
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
  });
})();
