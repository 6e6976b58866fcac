/** Why a file that a command was given cannot be read or written, as one sentence. */

const reasons: Record<string, string> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of the path is a file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'it is on a read-only file system',
}

/** An error without a code is a bug, and is returned as it is. */
export function fileError(does: 'read' | 'write', path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) return error as Error
  const reason = does === 'write' && code === 'ENOENT' ? 'its folder does not exist' : reasons[code]
  return new Error(`cannot ${does} ${path}: ${reason ?? message}`)
}
