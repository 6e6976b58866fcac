/**
 * `npm run fault-matrix`: everything that can fail in a server of several processes, on every store that the engine
 * has, each under write load. Prints a table, and exits with 1 if anything was lost, repeated, not on the firehose or
 * otherwise wrong. Postgres and NATS have to be installed for their columns.
 */
import { parseArgs } from 'node:util'
import { runCell } from '#tests/fault/matrix/cell.ts'
import { type Column, columns } from '#tests/fault/matrix/columns.ts'
import { type Rest, watchRest } from '#tests/fault/matrix/rest.ts'
import { rows } from '#tests/fault/matrix/rows.ts'
import { type Cell, faultTable, isBad, restTable } from '#tests/fault/matrix/table.ts'

/** The row without a fault. */
const REST = 'rest'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: [...Object.keys(rows), REST].join() },
    columns: { type: 'string', default: Object.keys(columns).join() },
    /** How long a process is frozen and a cable is cut. */
    seconds: { type: 'string', default: '30' },
  },
})

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function chosen(names: string, known: readonly string[]): string[] {
  const all = names.split(',')
  const unknown = all.filter((name) => !known.includes(name))
  if (unknown.length === 0) return all
  print(`unknown: ${unknown.join(', ')}; known: ${known.join(', ')}`)
  process.exit(2)
}

const rowNames = chosen(options.rows, [...Object.keys(rows), REST])
const columnNames = chosen(options.columns, Object.keys(columns))
const cells: Cell[] = []
const rests = new Map<string, Rest>()
const failures: string[] = []

async function run(name: string, column: Column): Promise<void> {
  if (name === REST) {
    const rest = await watchRest(column)
    rests.set(column.title, rest)
    print(`${name}, ${column.title}: ${JSON.stringify(rest)}`)
    if (!rest.isSpread) failures.push(`${column.title}: the accounts are not spread`)
    if (rest.asleepAfterMs === undefined) failures.push(`${column.title}: accounts stay awake`)
    return
  }
  const row = rows[name]!
  if (row.needsPostgres && column === columns['files']) return
  const verdict = await runCell(row, column, Number(options.seconds) * 1000)
  cells.push({ row: row.title, column: column.title, verdict })
  print(`${name}, ${column.title}: ${JSON.stringify(verdict)}`)
  if (isBad(verdict)) failures.push(`${row.title}, ${column.title}: ${JSON.stringify(verdict)}`)
}

for (const name of rowNames) {
  for (const column of columnNames) {
    await run(name, columns[column]!).catch((error: Error) => {
      failures.push(`${name}, ${column}: ${error.message}`)
      print(`${name}, ${column}: ${error.stack}`)
    })
  }
}
if (cells.length > 0) print(`\n${faultTable(cells)}`)
if (rests.size > 0) print(`\n${restTable(rests)}`)
for (const failure of failures) print(failure)
process.exit(failures.length > 0 ? 1 : 0)
