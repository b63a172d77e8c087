/** A path on the host: typed with its folders offered, or chosen in the desktop's own dialog. */
import { Autocomplete, Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { client, desktop } from '../app/client.ts'
import style from './host-path.module.css'

interface Props {
  readonly label: string
  readonly what: 'folder' | 'file'
  readonly value: string
  /** An example of a path. */
  readonly example: string
  readonly onChange: (path: string) => void
}

export function HostPath({ label, what, value, example, onChange }: Props) {
  const { data } = useQuery({
    queryKey: ['browse', value],
    queryFn: () => client.app.browse({ path: value }),
    placeholderData: before => before,
    retry: false,
  })
  const offered = (data?.entries ?? [])
    .filter(({ folder }) => folder || what === 'file')
    .map(({ name, folder }) => `${data!.folder.replace(/[\\/]$/, '')}/${name}${folder ? '/' : ''}`)
  const choose = async () => {
    const path = what === 'folder' ? await desktop!.openFolder() : (await desktop!.openFiles())[0]
    if (path) onChange(path)
  }
  return (
    <div className={style.row}>
      <Autocomplete
        className={style.input}
        label={label}
        size="xs"
        placeholder={example}
        data={[...new Set(offered)]}
        value={value}
        onChange={onChange}
        limit={30}
        maxDropdownHeight={220}
        // Above, where it covers no button.
        comboboxProps={{ position: 'top' }}
        data-autofocus
        filter={({ options, search }) =>
          options.filter(
            option => 'value' in option && String(option.value).toLowerCase().startsWith(search.toLowerCase()),
          )
        }
      />
      {desktop && <Button onClick={choose}>Choose…</Button>}
    </div>
  )
}
