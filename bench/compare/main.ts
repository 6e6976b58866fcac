/** `npm run compare`: makes the same scripted calls to Headwater and the reference PDS, and prints every difference. */
import { parseArgs } from 'node:util'
import { differencesOf, unexplained } from './differences.ts'
import { runScenarios } from './environments.ts'
import { intended } from './intended.ts'
import type { Observation } from './recording-client.ts'
import type { Environment } from './scenario.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '.' },
    environment: { type: 'string', default: '.' },
    all: { type: 'boolean', default: false },
  },
})

const environments: Environment[] = ['alone', 'served', 'strict']
const seen: [Observation[], Observation[]] = [[], []]
for (const environment of environments.filter((one) => new RegExp(options.environment).test(one))) {
  const clients = await runScenarios(environment, new RegExp(options.only))
  clients.forEach((client, side) => {
    const named = client.observations.map(({ label, value }) => ({
      label: `${environment} / ${label}`,
      value,
    }))
    seen[side as 0 | 1].push(...named)
  })
}

const differences = differencesOf(...seen)
const { left, seen: counts } = unexplained(differences, intended)
const isWhole = options.only === '.' && options.environment === '.'
const unseen = isWhole ? intended.filter((one) => !counts.has(one)) : []

// A scenario that broke off on both sides alike has compared nothing from there on.
const broken = seen.flat().filter(({ label }) => label.endsWith(' / broke off'))
for (const { label, value } of broken) console.log(`${label} · ${JSON.stringify(value)}`)
for (const { label, parts } of options.all ? differences : left) {
  console.log(`${label} · ${parts.join(' · ')}`)
}
console.log('\nIntended, and in how many calls it was seen:')
for (const [{ what }, count] of [...counts].sort(([, a], [, b]) => b - a)) {
  console.log(`${String(count).padStart(6)}  ${what}`)
}
for (const { what } of unseen) console.log(`     0  ${what}: not seen any more`)
const count = Math.max(...seen.map((side) => side.length))
const inMore = differences.filter(({ parts }) => parts.some((part) => !part.startsWith('headers.')))
console.log(
  `\n${count} calls compared: ${inMore.length} differ in more than headers, ${differences.length - inMore.length} in headers only; ${left.length} in ways that are not intended.`,
)
process.exitCode = left.length + unseen.length + broken.length > 0 ? 1 : 0
