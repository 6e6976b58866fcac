/** `headwater backup drill`: proves that a backup can be restored, beside the server that runs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { BackupSource } from '#src/backup/backup-source.ts'
import { restore } from '#src/backup/restore.ts'
import {
  chosenOption,
  configOf,
  openSource,
  variablesOf,
  variablesOption,
} from '#src/cli/backup-places.ts'
import { type Command, type Invocation, integerOption, textOption } from '#src/cli/command.ts'
import { checkDrill } from '#src/cli/drill-checks.ts'
import { startDrillServer } from '#src/cli/drill-server.ts'
import { startReadOnlyPlc } from '#src/cli/read-only-plc.ts'
import type { Config } from '#src/config/config.ts'
import { type LastDrill, noteDrill } from '#src/ports/last-drill.ts'

const DEFAULT_SAMPLE = 20

export const drillCommand: Command = {
  name: 'backup drill',
  summary: 'Restore a backup to a temporary folder, start a server on it, and compare',
  details:
    'The server of the drill is not reachable from elsewhere, announces nothing, sends no mails and changes no identity. Accounts and repos are compared with the real server at --url, if that answers. The folder is removed at the end. Exits with 1 if anything differs.',
  operands: '[folder|s3://bucket/prefix]',
  operandCount: [0, 1],
  options: {
    ...variablesOption,
    ...chosenOption,
    sample: {
      type: 'string',
      value: 'N',
      help: `How many repos are read and verified (default: ${DEFAULT_SAMPLE})`,
    },
    in: {
      type: 'string',
      value: 'FOLDER',
      help: 'Where the temporary folder is made (default: that of the system)',
    },
  },
  async run(invocation) {
    const config = configOf(invocation)
    const at = new Date()
    using source = await openSource(config, textOption(invocation, 'backup'))
    const result = await drill(invocation, config, source).catch((error: Error) => ({
      ...{ accounts: 0, verifiedRepos: 0, problems: [error.message], report: {} },
    }))
    const { accounts, verifiedRepos, problems, report } = result
    const outcome: LastDrill = {
      at: at.toISOString(),
      from: source.name,
      backupAt: source.note.at,
      ...{ accounts, verifiedRepos, problems: problems.slice(0, 100) },
      ok: problems.length === 0,
    }
    await noteDrill(resolve(config.dataDirectory), outcome)
    for (const problem of problems) invocation.warn(problem)
    if (!outcome.ok) process.exitCode = 1
    const { problems: _printed, ...shown } = outcome
    const seconds = Math.round((Date.now() - at.getTime()) / 1000)
    return { ...shown, ...report, problems: problems.length, seconds }
  },
}

async function drill(invocation: Invocation, config: Config, source: BackupSource) {
  const { server: real, report } = invocation
  const sample = integerOption(invocation, 'sample', DEFAULT_SAMPLE)
  const parent = resolve(textOption(invocation, 'in') ?? tmpdir())
  const folder = await mkdtemp(join(parent, 'headwater-drill-'))
  const interrupted = Promise.withResolvers<never>()
  const interrupt = (signal: string) => interrupted.reject(new Error(`interrupted by ${signal}`))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt)
  try {
    const engine = join(folder, 'engine')
    const blobs = { location: join(folder, 'blobs'), tempLocation: undefined }
    const restoring = restore(
      source,
      { data: folder, engine, blobs },
      // The server of the drill announces nothing, so it needs no note of what it lacks.
      { isMoved: true, report: (progress) => report(`restoring ${progress}`) },
    )
    await Promise.race([restoring, interrupted.promise])
    report('starting')
    const { plcUrl } = config.identity
    // A development server has its own, in the backup.
    await using plc = plcUrl === undefined ? undefined : await startReadOnlyPlc(plcUrl)
    const variables = variablesOf(invocation)
    await using server = await startDrillServer(folder, variables, config, plc?.url)
    const backupAt = Date.parse(source.note.at)
    const checking = checkDrill(server.client, real, { backupAt, sample, report })
    const { isCompared, records, ...found } = await Promise.race([checking, interrupted.promise])
    const comparedWith = isCompared
      ? real.url
      : `nothing: ${real.url} does not answer as the admin's`
    return { ...found, report: { records, comparedWith } }
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupt)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
