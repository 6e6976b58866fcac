/** `npm run bench`: measures Headwater and the reference PDS on this machine, phase by phase in turns. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { firehosePhase } from './firehose-phase.ts'
import type { Measurement } from './measure.ts'
import { firstOauthPages, oauthPages } from './oauth-page-phases.ts'
import { oauthPhases } from './oauth-phases.ts'
import { type Phase, phases, repoGrowth } from './phases.ts'
import { prepareServer, type ServerUnderTest } from './server-under-test.ts'
import { startServers, stopServers } from './servers.ts'
import { addMeasurements, type Results, table } from './table.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    ms: { type: 'string', default: '3000' },
    records: { type: 'string', default: '5000' },
    growth: { type: 'string', default: '50000' },
    only: { type: 'string', default: '.' },
    quick: { type: 'boolean', default: false },
    md: { type: 'string' },
  },
})

const quick = options.quick
const rounds = quick ? 1 : Number(options.rounds)
const ms = quick ? 700 : Number(options.ms)
const sizes = { records: quick ? 1000 : Number(options.records), writers: quick ? 8 : 32 }
const wanted = ({ name }: Pick<Phase, 'name'>) => new RegExp(options.only).test(name)

const repeated = [
  ...[...phases, ...oauthPhases, oauthPages],
  ...[firehosePhase(1), firehosePhase(50), firehosePhase(200)],
].filter(wanted)
const once = [repoGrowth(quick ? 2000 : Number(options.growth))].filter(wanted)

async function compare(subjects: ServerUnderTest[], results: Results): Promise<void> {
  const turn = async (phase: Phase, order: ServerUnderTest[]) => {
    for (const subject of order) {
      keep(results, subject.name, await phase.run(subject, ms))
    }
  }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? subjects : subjects.toReversed()
    for (const phase of repeated) await turn(phase, order)
  }
  for (const phase of once) await turn(phase, subjects)
}

function keep(results: Results, server: string, figures: Measurement[]): void {
  addMeasurements(results, server, figures)
  for (const { name, value, unit } of figures) {
    console.error(`${server.padEnd(10)} ${name.padEnd(36)} ${value.toFixed(1)} ${unit}`)
  }
}

/** Never called, but some methods exist only if an AppView is configured. */
const appView = {
  PDS_BSKY_APP_VIEW_URL: 'http://localhost:1',
  PDS_BSKY_APP_VIEW_DID: 'did:web:appview.bench.invalid',
}

const results: Results = new Map()
try {
  const servers = await startServers(() => appView)
  if (wanted(firstOauthPages)) {
    for (const server of servers) keep(results, server.name, await firstOauthPages.run(server))
  }
  const subjects: ServerUnderTest[] = []
  for (const server of servers) subjects.push(await prepareServer(server, sizes))
  await compare(subjects, results)
  for (const { client } of subjects) await client.close()
  const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim()}, Node ${process.version}`
  const head = `${machine}; medians of ${rounds} rounds of ${ms} ms.`
  const text = `${head}\n\n${table(
    results,
    servers.map(({ name }) => name),
  )}\n`
  console.log(text)
  if (options.md) writeFileSync(options.md, text)
} finally {
  await stopServers()
}
