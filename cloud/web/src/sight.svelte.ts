// Is there room for a sidebar? What would not be seen is not built, so that a telephone's first screen does not wait for it.
const narrow = matchMedia("(max-width: 720px)");

class Sight {
  /** As narrow as a telephone: the width below which the styles change, too. */
  slim = $state(narrow.matches);

  constructor() {
    narrow.addEventListener("change", () => (this.slim = narrow.matches));
  }
}

export const sight = new Sight();
