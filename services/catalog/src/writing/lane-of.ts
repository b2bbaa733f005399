/** The lane of a key: always the same for the same key and count. FNV-1a over UTF-16 code units. */
export function laneOf(key: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  // Its low bits are the weakest.
  return (hash >>> 8) % lanes;
}
