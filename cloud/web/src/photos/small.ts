// A photo as it is sent: small, upright, and without what the camera wrote into it, the place where it was taken among that. It is
// drawn anew, and of the file nothing else is left.
import type { Photo } from "../outbox/entry.ts";
import { fit } from "./fit.ts";

const KIND = "image/jpeg";
const QUALITY = 0.82;

/** What the browser can not draw is no photo to it. */
export class NoPhoto extends Error {}

export async function small(file: Blob): Promise<Photo> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => undefined);
  if (!picture) throw new NoPhoto();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, fit(picture.width, picture.height));
  const pen = canvas.getContext("2d");
  if (!pen) throw new NoPhoto();
  // What lets the ground through stands on paper.
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const drawn = await new Promise<Blob | null>((done) => canvas.toBlob(done, KIND, QUALITY));
  if (!drawn) throw new NoPhoto();
  return { content: await drawn.arrayBuffer(), kind: KIND };
}
