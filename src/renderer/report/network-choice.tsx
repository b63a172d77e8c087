/** The networks of a reproduction that have a block of rows. */
import { Checkbox } from '@mantine/core'
import type { Catalogue } from '../../contract/catalogue.ts'
import style from './request-form.module.css'

/** Networks of complex images and of k-space. The methods' own rows have networks of magnitude images. */
export const blockNetworks = ({ networks }: Catalogue): Catalogue['networks'] =>
  networks.filter(({ takes }) => takes !== 'magnitude')

export function NetworkChoice(props: {
  all: Catalogue['networks']
  chosen: readonly string[]
  setChosen: (chosen: readonly string[]) => void
}) {
  const { all, chosen, setChosen } = props
  const toggle = (id: string) =>
    setChosen(all.map(network => network.id).filter(other => chosen.includes(other) !== (other === id)))
  return (
    <fieldset className={style.field}>
      <legend className={style.label}>Networks of complex images and of k-space</legend>
      <div className={style.methods}>
        {all.map(({ id, label }) => (
          <Checkbox key={id} label={label} checked={chosen.includes(id)} onChange={() => toggle(id)} />
        ))}
      </div>
      <p className={style.help}>
        Each is trained from scratch, and after each method that can pre-train it. A U-Net is trained for an equal time.
      </p>
    </fieldset>
  )
}
