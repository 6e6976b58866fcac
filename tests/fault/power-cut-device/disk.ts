/**
 * A disk whose power can be cut: an ext4 file system on a loop device, whose file is on an XFS with reflinks. A reflink
 * copy of the file is the device at one instant, with the writes that the kernel had sent to it and no others.
 */
import { execFileSync } from 'node:child_process'
import { constants, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** Bytes. The files are sparse: they take what is written. */
const OUTER_SIZE = 24 * 1024 ** 3
const DISK_SIZE = 6 * 1024 ** 3
const UNMOUNT_ATTEMPTS = 200

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

function makeFile(path: string, size: number): string {
  writeFileSync(path, '')
  truncateSync(path, size)
  return path
}

/** Throws if this cannot run here, with what is missing. */
export function mustBeAbleToMount(): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error('mounting loop devices takes Linux and root')
  for (const command of ['mkfs.xfs', 'mkfs.ext4', 'losetup', 'mount', 'umount']) {
    try {
      run('sh', '-c', `command -v ${command}`)
    } catch {
      throw new Error(`${command} is missing (Debian: apt-get install xfsprogs e2fsprogs mount)`)
    }
  }
}

export class CuttableDisk implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), 'headwater-power-cut-'))
  readonly #undo = new DisposableStack()
  readonly #outer: string
  readonly #device: string
  #images = 0

  constructor() {
    // Also if the run is ended by a signal. Processes that use the disk are killed before (support/processes.ts).
    process.once('exit', this.#dispose)
    this.#undo.defer(() => rmSync(this.#root, { recursive: true, force: true }))
    this.#outer = this.#mount(makeFile(join(this.#root, 'outer.img'), OUTER_SIZE), 'mkfs.xfs', [
      '-q',
    ])
    const file = makeFile(join(this.#outer, 'disk.img'), DISK_SIZE)
    run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', file)
    // Without the page cache of the outer file system, so that a copy has nothing to write first.
    this.#device = run('losetup', '--find', '--show', '--direct-io=on', file)
    this.#undo.defer(() => run('losetup', '--detach', this.#device))
    mkdirSync(this.path)
    run('mount', this.#device, this.path)
    this.#undo.defer(() => run('umount', '--lazy', this.path))
  }

  /** Where the disk is mounted. */
  get path(): string {
    return join(this.#root, 'disk')
  }

  /** Returns the image of the disk as a power failure at this moment would leave it. */
  async cut(): Promise<string> {
    const image = join(this.#outer, `cut${++this.#images}.img`)
    await copyFile(join(this.#outer, 'disk.img'), image, constants.COPYFILE_FICLONE_FORCE)
    return image
  }

  /** Runs `use` with the folder at which the image is mounted, and removes the image. Ends what runs there first. */
  async withImage<T>(image: string, use: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.#root, 'cut')
    mkdirSync(path, { recursive: true })
    run('mount', '-o', 'loop', image, path)
    const undo = new DisposableStack()
    undo.defer(() => run('umount', '--lazy', path))
    this.#undo.use(undo)
    try {
      return await use(path)
    } finally {
      await unmount(path)
      undo.move()
      rmSync(image)
    }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#dispose)
    this.#dispose()
  }

  readonly #dispose = (): void => this.#undo.dispose()

  #mount(file: string, format: string, options: string[]): string {
    run(format, ...options, file)
    const path = join(this.#root, 'outer')
    mkdirSync(path)
    run('mount', '-o', 'loop', file, path)
    this.#undo.defer(() => run('umount', '--lazy', path))
    return path
  }
}

/** A process that was killed takes a moment to let go of its files. */
async function unmount(path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      run('umount', path)
      return
    } catch (error) {
      if (attempt === UNMOUNT_ATTEMPTS) throw error
      await pause(50)
    }
  }
}
