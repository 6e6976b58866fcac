/** Puts files elsewhere: as hard links if their content never changes and the disk is the same, else as copies. */
import { constants, copyFile, link, stat } from 'node:fs/promises'

// Another disk, another owner, too many links, or a file system without links.
const notLinkable = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

/** For files that are never written again. Throws EEXIST if `to` exists and is linkable. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!notLinkable.includes(codeOf(error) ?? '')) throw error
    await copy(from, to)
  }
}

/** Shares blocks where the file system can, as a copy that is changed apart. */
export function copy(from: string, to: string): Promise<void> {
  return copyFile(from, to, constants.COPYFILE_FICLONE)
}

/** Whether a copy is there as a whole; false if either file is not there. */
export async function hasSameSize(from: string, to: string): Promise<boolean> {
  const size = await sizeOf(from)
  return size !== undefined && size === (await sizeOf(to))
}

/** In bytes; undefined if there is no such file. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
