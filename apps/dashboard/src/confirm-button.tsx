import { type ReactNode, useId, useRef } from 'react';

interface ConfirmButtonProps {
  readonly label: string;
  readonly title: string;
  readonly children: ReactNode;
  readonly confirm: string;
  readonly disabled: boolean;
  readonly onConfirm: () => void;
}

/** A button whose act asks once more, with what it means. */
export function ConfirmButton({ label, title, children, confirm, disabled, onConfirm }: ConfirmButtonProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const close = (): void => dialog.current?.close();
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => dialog.current?.showModal()}>
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby={heading}>
        <h2 id={heading}>{title}</h2>
        {children}
        <div className="dialog-actions">
          <button type="button" onClick={close}>
            Leave it
          </button>
          <button
            type="button"
            className="primary"
            onClick={() => {
              close();
              onConfirm();
            }}
          >
            {confirm}
          </button>
        </div>
      </dialog>
    </>
  );
}
