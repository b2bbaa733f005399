import { chmod, mkdir, stat } from 'node:fs/promises';

/** Makes the folder one that only this user reads, also where it is there already, unless it is somebody else's. */
export async function makePrivateFolder(path: string, user = process.getuid?.()): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(path);
  // A volume of a container may belong to root and be shared with a group: that is not ours to change.
  if (uid === user && (mode & 0o077) !== 0) await chmod(path, 0o700);
}
