/** Rules about events on their way to the firehose and its subscribers. */
import { HOUR_MS, type Rule, recent, seconds } from '#src/gateway/operator/alerts/rule.ts'

const DAY_MS = 24 * HOUR_MS

export const eventRules: readonly Rule[] = [
  {
    name: 'HeadwaterEventsNotSequenced',
    what: 'Events not yet on the firehose',
    evaluate: (inputs) => {
      const least = Math.min(...recent(inputs).map(({ backlog }) => backlog))
      return {
        bad: Number.isFinite(least) && least > 100,
        value: `${inputs.samples.at(-1)!.backlog} waiting`,
      }
    },
    advice:
      'Records are stored but do not reach relays: the engine or the sequencer does not answer. See the log.',
    path: '/firehose',
  },
  {
    name: 'HeadwaterUndeliveredEvents',
    what: 'Accounts with undelivered events',
    evaluate: (_, { undelivered, awake }) =>
      undelivered === null
        ? undefined
        : { bad: undelivered > 50 + 2 * awake, value: `at most ${undelivered}` },
    advice:
      'Usually the engine or the sequencer does not answer. Events are delivered later, in order.',
  },
  {
    name: 'HeadwaterFirehoseLag',
    what: 'Firehose lag of this gateway',
    evaluate: (_, { lag }) => (lag === null ? undefined : { bad: lag > 10, value: seconds(lag) }),
    advice: 'Restart this gateway.',
    path: '/firehose',
  },
  {
    name: 'HeadwaterSubscriberLag',
    what: 'Lag of subscribers',
    evaluate: (_, { slowest, subscribers }) => ({
      bad: slowest > 60,
      value:
        subscribers === 0
          ? 'no subscribers'
          : `${seconds(slowest)} for the slowest of ${subscribers}`,
    }),
    advice:
      'A subscriber that falls too far behind is disconnected, and reconnects with its cursor.',
    path: '/firehose',
  },
  {
    name: 'HeadwaterEventsNotTrimmed',
    what: 'Oldest event in the log',
    evaluate: ({ oldestEventAt, now }) =>
      oldestEventAt === undefined
        ? undefined
        : {
            bad: now - oldestEventAt > 2 * DAY_MS,
            value: `${((now - oldestEventAt) / HOUR_MS).toFixed(0)} h old`,
          },
    advice:
      'Expected if nothing is written, or if PDS_REPO_BACKFILL_LIMIT_MS is longer than a day. Otherwise this is a bug.',
    path: '/firehose',
  },
]
