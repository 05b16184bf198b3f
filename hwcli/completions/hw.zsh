#compdef hw

_hw_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _HW_COMPLETE=complete_zsh hw)
}

compdef _hw_completion hw
[[ $zsh_eval_context[-1] == loadautofunc ]] && _hw_completion "$@"
