/**
 * Loaded into a server's process before anything else (`--import`): writes down what it syncs, one line each, in the
 * file SYNC_RECORD. `file <path> <bytes>`: so many bytes of the file are on the disk; `folder <path> <names>`: and these
 * names in the folder. Taken before the sync, since what is written during it may be missing.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const record = process.env.SYNC_RECORD

function note(fd) {
  const path = fs.readlinkSync(`/proc/self/fd/${fd}`)
  const isFolder = fs.fstatSync(fd).isDirectory()
  return isFolder
    ? `folder ${path} ${fs.readdirSync(path).join(' ')}\n`
    : `file ${path} ${fs.fstatSync(fd).size}\n`
}

for (const name of ['fsyncSync', 'fdatasyncSync']) {
  const sync = fs[name]
  fs[name] = (fd) => {
    const line = note(fd)
    sync(fd)
    fs.appendFileSync(record, line)
  }
}
syncBuiltinESMExports()
