/**
 * `npm run power-cut`: cuts the power of a loop device while a server on it is under load, starts a server on what is
 * left, and counts what is missing of what was acknowledged before. Takes Linux and root. Exits with 1 if anything is
 * missing, or if nothing is missing although nothing was synced (the negative control).
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createLog } from '#src/log.ts'
import { startPlcServer } from '#src/plc/plc-server.ts'
import { CuttableDisk, mustBeAbleToMount } from '#tests/fault/power-cut-device/disk.ts'
import { type Judgement, judge, nothingLeft } from '#tests/fault/power-cut-device/judge.ts'
import { type Acknowledged, Load } from '#tests/fault/power-cut-device/load.ts'
import { cutAtRotations } from '#tests/fault/power-cut-device/rotations.ts'
import { startOn } from '#tests/fault/power-cut-device/server.ts'
import { lostIn, type Row, table } from '#tests/fault/power-cut-device/table.ts'
import { freePort } from '#tests/support/processes.ts'

const { values: options } = parseArgs({
  options: {
    cuts: { type: 'string', default: '10' },
    rotations: { type: 'string', default: '2' },
    /** Cuts of the negative control. */
    control: { type: 'string', default: '2' },
  },
})

interface Cut {
  /** For the output. */
  moment: string
  image: string
  acknowledged: Acknowledged
}

interface Mode {
  name: string
  /** Zero to leave it out. */
  count: number
  durability: 'power' | 'process'
  isLarge: boolean
  /** Calls `cut` while the load goes on. */
  cuts(cut: (moment: string) => Promise<void>, count: number, store: string): Promise<void>
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

const cutAtRandom: Mode['cuts'] = async (cut, count) => {
  for (let i = 1; i <= count; i++) {
    await pause(2000 + Math.random() * 4000)
    await cut(`cut ${i}`)
  }
}

const modes: Mode[] = [
  {
    name: 'not synced (PDS_DURABILITY=process)',
    durability: 'process',
    isLarge: false,
    count: Number(options.control),
    cuts: cutAtRandom,
  },
  {
    name: 'normal',
    durability: 'power',
    isLarge: false,
    count: Number(options.cuts),
    cuts: cutAtRandom,
  },
  {
    name: 'normal, while the log is rotated',
    durability: 'power',
    isLarge: true,
    count: Number(options.rotations),
    cuts: cutAtRotations,
  },
]

async function run(mode: Mode): Promise<Row> {
  using disk = new CuttableDisk()
  const log = createLog('error')
  // The PLC directory is another machine, which keeps its power.
  const plc = await startPlcServer({ path: ':memory:', log })
  const env = {
    PDS_PORT: String(await freePort()),
    PDS_ADMIN_PASSWORD: 'admin',
    PDS_DURABILITY: mode.durability,
    PDS_DID_PLC_URL: plc.url,
    LOG_LEVEL: 'info',
  }
  try {
    print(`\n${mode.name}`)
    const cuts = await cutUnderLoad(mode, disk, env)
    const judgements: Judgement[] = []
    for (const cut of cuts) {
      const judgement = await disk.withImage(cut.image, (path) => judgeCut(path, cut, env))
      judgements.push(judgement)
      print(`${cut.moment}: ${JSON.stringify(judgement)}`)
    }
    return { mode: mode.name, isSynced: mode.durability === 'power', judgements }
  } finally {
    await plc.stop()
  }
}

async function cutUnderLoad(
  mode: Mode,
  disk: CuttableDisk,
  env: Record<string, string>,
): Promise<Cut[]> {
  const server = await startOn(disk.path, env)
  const load = new Load(server.url)
  const cuts: Cut[] = []
  const cut = async (moment: string) => {
    const acknowledged = load.acknowledged()
    const from = performance.now()
    const image = await disk.cut()
    const ms = Math.round(performance.now() - from)
    cuts.push({ moment: `${moment} (${ms} ms)`, image, acknowledged })
  }
  try {
    await load.start(mode.isLarge)
    await mode.cuts(cut, mode.count, server.store)
    await load.stop()
  } finally {
    await server.kill()
  }
  if (load.violations.length > 0) throw new Error(load.violations.join('\n'))
  return cuts
}

async function judgeCut(
  path: string,
  { acknowledged }: Cut,
  env: Record<string, string>,
): Promise<Judgement> {
  const store = join(path, 'pds/engine/db')
  try {
    const files = readdirSync(store).filter((name) => /^(\d+\.(log|sst)|MANIFEST.*)$/.test(name))
    print(files.map((name) => `  ${name}: ${statSync(join(store, name)).size} bytes`).join('\n'))
    const server = await startOn(path, env)
    try {
      const judgement = await judge(server.url, acknowledged)
      if (server.output().includes('LOST ITS END')) print('  the server says that it lost its end')
      return judgement
    } finally {
      await server.kill()
    }
  } catch (error) {
    print(`  ${error}`)
    return nothingLeft(acknowledged)
  }
}

mustBeAbleToMount()
const rows: Row[] = []
for (const mode of modes.filter(({ count }) => count > 0)) rows.push(await run(mode))
print(`\n${table(rows)}`)
const losses = (isSynced: boolean) =>
  rows.filter((row) => row.isSynced === isSynced).flatMap((row) => row.judgements.map(lostIn))
const lacksLoss = losses(false).includes(0)
const hasLoss = losses(true).some((lost) => lost > 0)
if (lacksLoss) print('The negative control lost nothing: these cuts prove nothing.')
if (hasLoss) print('Something that was acknowledged is missing.')
process.exit(lacksLoss || hasLoss ? 1 : 0)
