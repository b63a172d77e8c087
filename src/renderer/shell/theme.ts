/** Mantine's components in the colours of tokens.css. */
import { type ButtonProps, type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** One cool blue for what is selected or running. */
const accent: MantineColorsTuple = [
  '#e8f2ff',
  '#cfe3ff',
  '#a5cbff',
  '#7fb6ff',
  '#5aa2ff',
  '#4591f5',
  '#2f7de0',
  '#1f6bca',
  '#1662c4',
  '#0d4f9f',
]

/** tokens.css, from text to ground: what Mantine calls dark. */
const dark: MantineColorsTuple = [
  '#e6e9ee',
  '#c3cad4',
  '#9aa4b2',
  '#6b7482',
  '#2f3641',
  '#262b33',
  '#1b1f26',
  '#14171c',
  '#0f1216',
  '#0b0d10',
]

export const theme = createTheme({
  colors: { accent, dark },
  primaryColor: 'accent',
  primaryShade: { dark: 4, light: 8 },
  autoContrast: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '15px', xl: '18px' },
  lineHeights: { xs: '16px', sm: '18px', md: '18px' },
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  radius: { xs: '2px', sm: '4px', md: '4px', lg: '4px', xl: '4px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: {
      defaultProps: { size: 'xs', variant: 'default' },
      // Mantine's own contrast goes by the light theme's blue.
      vars: (_: unknown, { variant }: ButtonProps) => ({
        root: variant === 'filled' ? { '--button-color': 'var(--on-accent)' } : {},
      }),
    },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 'md' } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close the message' } } },
    Tooltip: {
      defaultProps: {
        ...{ openDelay: 350, multiline: true, maw: 360, fz: 12 },
        events: { hover: true, focus: true, touch: true },
      },
      styles: {
        tooltip: { background: 'var(--raised)', color: 'var(--text)', border: '1px solid var(--line)' },
      },
    },
    InputWrapper: { styles: { label: { fontWeight: 500, fontSize: 12 }, description: { fontSize: 11 } } },
    Select: { defaultProps: { size: 'xs', checkIconPosition: 'right', comboboxProps: { shadow: 'md' } } },
    NumberInput: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Modal: {
      defaultProps: {
        centered: true,
        transitionProps: { duration: 120 },
        closeButtonProps: { 'aria-label': 'Close the dialog' },
      },
    },
    Drawer: { defaultProps: { transitionProps: { duration: 120 } } },
  },
})

export const variables: CSSVariablesResolver = () => {
  const shared = {
    '--mantine-color-body': 'var(--panel)',
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-dimmed': 'var(--secondary)',
    '--mantine-color-default': 'var(--raised)',
    '--mantine-color-default-hover': 'var(--line)',
    '--mantine-color-default-color': 'var(--text)',
    '--mantine-color-default-border': 'var(--line)',
    '--mantine-color-placeholder': 'var(--secondary)',
    '--mantine-color-error': 'var(--warning)',
  }
  return { variables: {}, dark: shared, light: shared }
}
