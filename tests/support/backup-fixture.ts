/** A server's data folder with a few small files, for tests of backups. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openFolder } from '#src/backup/backup-source.ts'
import { type RestoreOptions, restore } from '#src/backup/restore.ts'

export class BackupFixture implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'headwater-backup-'))

  constructor() {
    this.put('server/secrets.json', '{"engineToken":"t"}')
    this.put('server/folder-id', 'f')
    this.put('server/engine/db/CURRENT', 'MANIFEST-000001\n')
    this.put('server/engine/db/MANIFEST-000001', 'm')
    this.put('server/engine/db/000002.log', 'written')
    this.putTable('server/engine/db/000007.sst', 'seven')
    this.put('server/engine/stored.json', '{"seq":5,"at":1}')
    this.put('server/blobs/did:plc:a/bafy1', 'one')
    this.put('server/blobs/tempt/did:plc:a/key', 'upload')
    this.put('server/blobs/quarantine/did:plc:b/bafy2', 'two')
  }

  at(path: string): string {
    return join(this.root, path)
  }

  put(path: string, text: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true })
    writeFileSync(this.at(path), text)
  }

  /** A table says at its end who made it. */
  putTable(path: string, content: string, session = 's1'): void {
    this.put(path, `${content}rocksdb.creating.session.identity${session}`)
  }

  foldersIn(name: string) {
    return {
      data: this.at(name),
      engine: this.at(`${name}/engine`),
      blobs: { location: this.at(`${name}/blobs`), tempLocation: undefined },
    }
  }

  /** Every file below a folder with its content, without locks. */
  contentOf(name: string): Record<string, string> {
    if (!existsSync(this.at(name))) return {}
    const entries = readdirSync(this.at(name), { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile() && !entry.name.includes('.lock'))
    return Object.fromEntries(
      files.map(({ parentPath, name: file }) => {
        const path = join(parentPath, file)
        return [path.slice(this.at(name).length + 1), readFileSync(path, 'latin1')]
      }),
    )
  }

  /** What is to be there after a restore. */
  get data(): Record<string, string> {
    const { 'engine/stored.json': _note, ...data } = this.contentOf('server')
    return data
  }

  async restore(from: string, to: string, options?: RestoreOptions) {
    using source = await openFolder(this.at(from))
    return await restore(source, this.foldersIn(to), options)
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true })
  }
}
