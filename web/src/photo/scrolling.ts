// A row of pictures that is scrolled to the one that is open.

/** Bring what is marked as current into the middle of `row`, once the browser has laid it out. */
export function showCurrent(row: HTMLElement | null): void {
  requestAnimationFrame(() => {
    const here = row?.querySelector("[aria-current]")?.getBoundingClientRect();
    const seen = row?.getBoundingClientRect();
    if (row && here && seen) row.scrollLeft += here.left + here.width / 2 - (seen.left + seen.width / 2);
  });
}
