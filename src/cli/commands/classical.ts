/** Named settings of classical methods, saved or tuned. */
import Table from 'cli-table3'
import { Command } from 'commander'
import { CLASSICAL_IDS, type ClassicalId, classicalInWords } from '../../contract/classical.ts'
import { AppError } from '../../contract/errors.ts'
import { type NamedSettings, sourceOfSettings } from '../../contract/tuning.ts'
import { CLASSICAL } from '../../services/runs/catalogue.ts'
import { classicalId, namedSettings, saveSettings, setSettingsHidden } from '../../services/viewing/classical.ts'
import { addSettingsOptions, refuseForeign, settingsFrom, wholeNumber } from '../options.ts'
import { inSession } from '../session.ts'
import { print, printJson } from '../terminal.ts'

const METHOD_HELP = CLASSICAL_IDS.join(', ')

const DEFAULTS = CLASSICAL_IDS.map(classical => ({
  source: classical,
  classical,
  name: 'default settings',
  config: CLASSICAL[classical].config.parse({}) as NamedSettings['config'],
}))

const listCommand = (): Command =>
  new Command('list')
    .description('List the methods with their default settings, and the named settings')
    .action((_options: object, command: Command) =>
      inSession(
        command,
        async ({ services, json }) => {
          const named = namedSettings(services.profile).map(each => ({ source: sourceOfSettings(each), ...each }))
          const all = CLASSICAL_IDS.flatMap(id => [...DEFAULTS, ...named].filter(({ classical }) => classical === id))
          if (json) return printJson(all)
          const table = new Table({
            head: ['--run', 'name', 'settings'],
            style: { head: [], border: [], compact: true },
          })
          for (const { source, name, ...choice } of all) table.push([source, name, classicalInWords(choice)])
          print(table.toString())
        },
        { readOnly: true },
      ),
    )

const GROUPS = CLASSICAL_IDS.map(id => ({
  heading: `Settings of ${CLASSICAL[id].label} (${id}):`,
  schema: CLASSICAL[id].config,
  standards: CLASSICAL[id].config.parse({}) as Record<string, unknown>,
}))

/** The method's settings from the options. The other methods' settings are refused. */
function configFrom(classical: ClassicalId, options: Record<string, unknown>): NamedSettings['config'] {
  const { config, label } = CLASSICAL[classical]
  refuseForeign(options, { all: GROUPS, chosen: [config], of: label })
  return settingsFrom(config, options) as NamedSettings['config']
}

function saveCommand(): Command {
  const command = new Command('save')
    .description('Save settings of a method under a name. Saved settings never change')
    .argument('<method>', METHOD_HELP)
    .requiredOption('--name <name>', 'name of the settings')
  addSettingsOptions(command, GROUPS)
  return command.action((method: string, options: Record<string, unknown> & { name: string }, given: Command) =>
    inSession(given, async ({ services, json }) => {
      const classical = classicalId(method)
      const config = configFrom(classical, options)
      const saved = saveSettings(services.profile, { classical, name: options.name, config })
      const source = sourceOfSettings(saved)
      if (json) printJson({ source, ...saved })
      else print(`Saved as ${source}: ${classicalInWords(saved)}. To use it: --run ${source}`)
    }),
  )
}

/** `3`, or `cg-sense:3`. */
function settingsNumber(text: string): number {
  const [, number] = /^(?:[a-z0-9-]+:)?(\d{1,15})$/.exec(text) ?? []
  if (number !== undefined) return wholeNumber(number)
  throw new AppError('INVALID_ARGUMENT', `Expected the number of named settings, such as 3 or cg-sense:3, got ${text}`)
}

const hidingCommand = (name: 'hide' | 'restore', description: string): Command =>
  new Command(name)
    .description(description)
    .argument('<id>', 'number of the settings: 3, or cg-sense:3')
    .action((id: string, _options: object, command: Command) =>
      inSession(command, async ({ services, json }) => {
        const settings = setSettingsHidden(services.profile, settingsNumber(id), name === 'hide')
        const source = sourceOfSettings(settings)
        if (json) printJson({ source, ...settings })
        else print(`${source} (${settings.name}) is ${name === 'hide' ? 'not listed any more' : 'listed again'}.`)
      }),
    )

export const classicalCommand = (): Command =>
  new Command('classical')
    .description('Reconstructions of several coils without training: methods and named settings')
    .addCommand(listCommand(), { isDefault: true })
    .addCommand(saveCommand())
    .addCommand(hidingCommand('hide', 'Remove named settings from the lists. Sources with their number still work'))
    .addCommand(hidingCommand('restore', 'Show hidden settings in the lists again'))
