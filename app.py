from evalkit.board.app import main

main()  # `streamlit run app.py`: the board over ./results or EVALKIT_RESULTS
